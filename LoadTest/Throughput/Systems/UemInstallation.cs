using OrleansUem.LoadTest.Machines;

namespace OrleansUem.LoadTest.Throughput.Systems;

/// <summary>The certificates and state of an installation of ours with one tenant, node and device; made once and used by every row of ours.</summary>
/// <param name="program">How this program is started.</param>
internal sealed class UemInstallation(IReadOnlyList<string> program)
{
    private const string SiloAddress = "127.0.0.1:3102";
    private const string DeviceListen = LabNetwork.RelayDeviceAddress + ":443";
    private const string NodeListen = LabNetwork.RelayCorpAddress + ":3101";

    // Room for packets of 1,400 bytes, as the peers have it.
    private const string MtuBytes = "1400";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private string _folder = "";
    private bool _isEnrolled;

    /// <summary>Sets the installation up, with real processes, unless it was done.</summary>
    public async Task EnrolAsync(LabNetwork lab, string folder, CancellationToken cancellationToken)
    {
        if (_isEnrolled)
        {
            return;
        }

        _folder = folder;
        await using var running = new RunningSystem();
        await RunAsync(lab.Relay, cancellationToken, "silo", "init", "--state", StateOf("silo"), "--name", "silo-1");
        await StartSiloAsync(lab, running, cancellationToken);
        var join = await AdminAsync(lab, cancellationToken, "edge-token", "edge-1", "--silo", SiloAddress);
        await RunAsync(lab.Relay, cancellationToken, "edge", "join", join, "--state", StateOf("edge"));
        await StartEdgeAsync(lab, running, cancellationToken);
        var invitation = await AdminAsync(lab, cancellationToken, "invite", "--relay", NodeListen);
        await RunAsync(lab.Corp, cancellationToken, "node", "init", invitation, "--state", StateOf("node"), "--name", "node-1");
        await StartNodeAsync(lab, running, cancellationToken);
        var activation = await RunAsync(lab.Corp, cancellationToken, "node", "activate", "laptop-1", "--state", StateOf("node"), "--relay", DeviceListen);
        await RunAsync(lab.Device, cancellationToken, "device", "enrol", activation, "--state", StateOf("device"));
        _isEnrolled = true;
    }

    /// <summary>Starts the relay and the node, waits until the node is attached, and starts the device.</summary>
    public async Task StartAsync(LabNetwork lab, RunningSystem running, CancellationToken cancellationToken)
    {
        await StartSiloAsync(lab, running, cancellationToken);
        await StartEdgeAsync(lab, running, cancellationToken);
        await StartNodeAsync(lab, running, cancellationToken);
        running.Start(SystemRole.Device, lab.Device, [.. program, "device", "up", "--state", StateOf("device"), "--mtu", MtuBytes]);
    }

    private static async Task WaitAsync(ChildProcess process, string what, string text, CancellationToken cancellationToken) =>
        await process.WaitForLineAsync(what, line => line.Contains(text, StringComparison.Ordinal), Patience, cancellationToken: cancellationToken);

    private string StateOf(string role) => Path.Combine(_folder, role);

    private Task<string> RunAsync(NetNamespace where, CancellationToken cancellationToken, params string[] arguments) =>
        CommandLine.RunAsync(where, null, cancellationToken, [.. program, .. arguments]);

    private Task<string> AdminAsync(LabNetwork lab, CancellationToken cancellationToken, params string[] arguments) =>
        RunAsync(lab.Relay, cancellationToken, ["admin", .. arguments, "--state", StateOf("silo")]);

    private Task StartSiloAsync(LabNetwork lab, RunningSystem running, CancellationToken cancellationToken) => WaitAsync(
        running.Start(SystemRole.Silo, lab.Relay, [.. program, "silo", "--state", StateOf("silo"), "--listen", SiloAddress]),
        "the silo starts", "silo-1 ready", cancellationToken);

    private Task StartEdgeAsync(LabNetwork lab, RunningSystem running, CancellationToken cancellationToken) => WaitAsync(
        running.Start(
            SystemRole.Relay,
            lab.Relay,
            [.. program, "edge", "--state", StateOf("edge"), "--silo", SiloAddress, "--devices", DeviceListen, "--nodes", NodeListen]),
        "the edge starts", "edge-1 ready", cancellationToken);

    private Task StartNodeAsync(LabNetwork lab, RunningSystem running, CancellationToken cancellationToken) => WaitAsync(
        running.Start(
            SystemRole.Corp,
            lab.Corp,
            [.. program, "node", "--state", StateOf("node"), "--pool", "10.64.0.0/16", "--route", "10.1.0.0/24", "--allow", "10.1.0.0/24", "--mtu", MtuBytes]),
        "the node attaches", "attached ", cancellationToken);
}
