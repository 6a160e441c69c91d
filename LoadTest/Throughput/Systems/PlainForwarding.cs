namespace OrleansUem.LoadTest.Throughput.Systems;

/// <summary>The bare network: the relay routes. What no tunnel can exceed.</summary>
internal sealed class PlainForwarding : IMeasuredSystem
{
    public string Name => "plain";

    public string Description => "no tunnel: the kernel of the relay forwards";

    public IReadOnlyList<SystemProgram> Programs => [];

    public Task PrepareAsync(LabNetwork lab, string folder, CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StartAsync(LabNetwork lab, RunningSystem running, CancellationToken cancellationToken)
    {
        await lab.Relay.RunAsync("ip", "route", "add", LabNetwork.Target, "via", LabNetwork.CorpAddress);
        running.OnStop(() => lab.Relay.RunAsync("ip", "route", "delete", LabNetwork.Target));
        await lab.Device.RunAsync("ip", "route", "add", LabNetwork.Target, "via", LabNetwork.RelayDeviceAddress);
        running.OnStop(() => lab.Device.RunAsync("ip", "route", "delete", LabNetwork.Target));
    }
}
