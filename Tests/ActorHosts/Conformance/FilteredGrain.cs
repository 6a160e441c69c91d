namespace OrleansUem.Tests.ActorHosts.Conformance;

public sealed class FilteredGrain : Grain, IFilteredGrain, IIncomingGrainCallFilter
{
    public async Task Invoke(IIncomingGrainCallContext context)
    {
        Probe.Note(this.GetPrimaryKeyString(), "grain<");
        context.Request.SetArgument(0, (int)context.Request.GetArgument(0)! + 1);
        await context.Invoke();
        context.Result = (int)context.Result! + 100;
        Probe.Note(this.GetPrimaryKeyString(), "grain>");
    }

    public Task<int> DoubleAsync(int number)
    {
        Probe.Note(this.GetPrimaryKeyString(), "method");
        return Task.FromResult(number * 2);
    }
}
