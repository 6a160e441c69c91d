using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>
/// What grain code may rely on in either actor host. A host's own test class starts a fixture and inherits the rest.
/// Scenarios are named by the key of their first grain; time passes only where a test lets it.
/// </summary>
public abstract partial class ActorHostConformance : IAsyncLifetime
{
    private IActorHostFixture? _fixture;

    protected IGrainFactory Grains => _fixture!.Grains;

    protected IActorHostFixture Fixture => _fixture!;

    public async Task InitializeAsync() => _fixture = await StartAsync([]);

    public async Task DisposeAsync() => await _fixture!.DisposeAsync();

    protected static string NewKey(string prefix = "k") => $"{prefix}-{Guid.NewGuid():N}";

    /// <summary>Starts a host; the filters are both incoming and outgoing, in this order.</summary>
    protected abstract Task<IActorHostFixture> StartAsync(IReadOnlyList<NotingFilter> filters);

    /// <summary>Lets time pass in steps until the task has ended: a call's clock starts only when the call does.</summary>
    protected async Task PassTimeUntilAsync(Task task, TimeSpan step, string phase)
    {
        // Turns grow, since what the step started may wait for a disk: a few minutes of the virtual clock, not years.
        for (var steps = 1; steps <= 200 && !task.IsCompleted; steps++)
        {
            await Fixture.PassTimeAsync(step);
            for (var turns = 0; turns < 50 * steps && !task.IsCompleted; turns++)
            {
                await Task.Yield();
            }
        }

        await Task.WhenAny(task).WithinAsync(phase);
    }
}
