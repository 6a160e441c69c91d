using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Identity;
using OrleansUem.LoadTest.Fleet;
using OrleansUem.Node;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Tunnel;

namespace OrleansUem.LoadTest.Hostile;

/// <summary>
/// Those whom an attack must not disturb, in a process of their own: a node whose network echoes, and two devices with a tunnel each, one whose data goes over UDP to the edge and one over TCP.
/// </summary>
public static class Bystanders
{
    internal const string LinePrefix = "traffic ";

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>What is under way takes no longer, unless it is lost.</summary>
    private static readonly TimeSpan LastEchoes = TimeSpan.FromSeconds(5);

    /// <summary>Runs until it is told to stop; then sends no more and waits for the last echoes.</summary>
    /// <param name="invitation">Of a tenant that is not registered yet.</param>
    /// <param name="folder">For the node's and the devices' state.</param>
    /// <param name="relay">Where devices reach the edge.</param>
    /// <param name="packetsPerSecond">Of each device.</param>
    /// <param name="loggers">Logs.</param>
    /// <param name="output">Gets <c>ready</c>, then the figures of both tunnels again and again, and <c>last</c> with them at the end.</param>
    /// <param name="cancellationToken">Tells it to stop.</param>
    public static async Task RunAsync(
        EnrolmentUri invitation, string folder, RelayAddress relay, int packetsPerSecond, ILoggerFactory loggers, TextWriter output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        var nodeState = NodeStateOf(folder);
        await NodeInit.InitAsync(invitation, nodeState, NodeId.Parse("node-1"), "Bystanders", loggers, TimeProvider.System, cancellationToken);
        using var stopNode = new CancellationTokenSource();
        var node = await StartNodeAsync(nodeState, loggers, stopNode.Token, cancellationToken);
        await using (var overUdp = await StartDeviceAsync("udp", folder, relay, cancellationToken))
        await using (var overTcp = await StartDeviceAsync("tcp", folder, relay, cancellationToken))
        {
            using var first = new PacedEcho(overUdp, await overUdp.WaitUpAsync(cancellationToken), packetsPerSecond);
            using var second = new PacedEcho(overTcp, await overTcp.WaitUpAsync(cancellationToken), packetsPerSecond);
            await output.WriteLineAsync("ready");
            await ReportAsync(first, second, output, cancellationToken);
            await FinishAsync(first, second, output);
        }

        await stopNode.CancelAsync();
        await node;
    }

    /// <summary>Where the node's state is, for whoever makes activations.</summary>
    internal static string NodeStateOf(string folder) => Path.Combine(folder, "node");

    private static async Task<Task> StartNodeAsync(string state, ILoggerFactory loggers, CancellationToken stop, CancellationToken cancellationToken)
    {
        var attached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = NodeHost.RunAsync(
            new NodeOptions { StateDirectory = state, Allow = ["10.1.0.0/16"] },
            loggers,
            TimeProvider.System,
            status =>
            {
                if (status.Kind == NodeStatusKind.Attached)
                {
                    attached.TrySetResult();
                }
            },
            (_, _, _, _) => new EchoEgress(TunnelLimits.MtuBytesDefault),
            stop);
        if (await Task.WhenAny(attached.Task, running).WaitAsync(cancellationToken) == running)
        {
            await running;
            throw new InvalidOperationException("The node ended before it was attached.");
        }

        return running;
    }

    private static async Task<SimulatedDevice> StartDeviceAsync(string name, string folder, RelayAddress relay, CancellationToken cancellationToken)
    {
        var state = Path.Combine(folder, name);
        var activation = NodeActivations.Create(NodeStateOf(folder), DeviceId.Parse(name), TimeProvider.System, relay: relay);
        await DeviceEnrolment.EnrolAsync(activation, state, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, cancellationToken);
        return new SimulatedDevice(state, usesUdp: name == "udp");
    }

    private static async Task ReportAsync(PacedEcho first, PacedEcho second, TextWriter output, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, TimeProvider.System);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                await output.WriteLineAsync($"{LinePrefix}{first.Read(resetsWorst: true)} {second.Read(resetsWorst: true)}");
            }
        }
        catch (OperationCanceledException)
        {
            // Expected: enough.
        }
    }

    private static async Task FinishAsync(PacedEcho first, PacedEcho second, TextWriter output)
    {
        await first.StopSendingAsync();
        await second.StopSendingAsync();
        using var limit = new CancellationTokenSource(LastEchoes, TimeProvider.System);
        using var timer = new PeriodicTimer(Interval, TimeProvider.System);
        while (!(first.IsComplete && second.IsComplete) && !limit.IsCancellationRequested)
        {
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }

        await output.WriteLineAsync($"last {first.Read(resetsWorst: false)} {second.Read(resetsWorst: false)}");
    }
}
