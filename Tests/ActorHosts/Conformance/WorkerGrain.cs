namespace OrleansUem.Tests.ActorHosts.Conformance;

[StatelessWorker(2)]
public sealed class WorkerGrain : Grain, IWorkerGrain
{
    private readonly Guid _instance = Guid.NewGuid();

    public async Task<Guid> HoldAsync(string name)
    {
        var key = this.GetPrimaryKeyString();
        Probe.Note(key, name + "<");
        await Probe.GateAsync(key, name);
        return _instance;
    }
}
