using Microsoft.Extensions.DependencyInjection;

namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>Notes its name on the way in and out of calls of <see cref="IFilteredGrain"/>.</summary>
public sealed class NotingFilter(string name) : IIncomingGrainCallFilter, IOutgoingGrainCallFilter
{
    /// <summary>Adds filters as incoming and as outgoing ones, in their order.</summary>
    public static void Add(IServiceCollection services, IReadOnlyList<NotingFilter> filters)
    {
        foreach (var filter in filters)
        {
            services.AddSingleton<IIncomingGrainCallFilter>(filter);
            services.AddSingleton<IOutgoingGrainCallFilter>(filter);
        }
    }

    public Task Invoke(IIncomingGrainCallContext context) => NoteAsync(context);

    public Task Invoke(IOutgoingGrainCallContext context) => NoteAsync(context);

    private async Task NoteAsync(IGrainCallContext context)
    {
        if (context.InterfaceMethod.DeclaringType != typeof(IFilteredGrain))
        {
            await context.Invoke();
            return;
        }

        var key = context.TargetId.Key.ToString()!;
        Probe.Note(key, name + "<");
        await context.Invoke();
        Probe.Note(key, name + ">");
    }
}
