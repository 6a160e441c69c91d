using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Identity;
using OrleansUem.Edge;
using OrleansUem.Edge.State;
using OrleansUem.LoadTest.Fleet;
using OrleansUem.Node;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Silo;
using OrleansUem.Silo.State;

namespace OrleansUem.LoadTest.Sessions;

/// <summary>
/// One process of <see cref="SessionsLoad"/>: a role of the product with its defaults, but for limits that all devices of one address would meet. SIGCONT asks a role for its memory and
/// tells devices to begin: no shell has the jobs that it runs in the background ignore that one.
/// </summary>
public static class SessionsPart
{
    /// <summary>The parts.</summary>
    public static readonly IReadOnlyList<string> Names = ["silo", "edge", "node", "devices"];

    private const PosixSignal Ask = (PosixSignal)18; // SIGCONT of x86 and ARM (signal(7)): the name is for Unix only

    /// <summary>Runs a part until it is told to stop.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="folder">Where all parts have their state.</param>
    /// <param name="address">Of the silo for an edge, of the edge for devices.</param>
    /// <param name="secret">What an edge joins with, or a node registers with.</param>
    /// <param name="devices">Which devices.</param>
    /// <param name="loggers">Logs.</param>
    /// <param name="output">Gets <c>ready</c> with ports, and what was asked for.</param>
    /// <param name="cancellationToken">Tells it to stop.</param>
    public static async Task RunAsync(
        string name, string folder, RelayAddress? address, EnrolmentUri? secret, SessionsShare devices, ILoggerFactory loggers, TextWriter output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(devices);
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = PosixSignalRegistration.Create(Ask, context =>
        {
            context.Cancel = true;
            if (name != "devices")
            {
                output.WriteLine(MemoryFigures.Take().ToLine());
            }

            asked.TrySetResult();
        });
        await (name switch
        {
            "silo" => RunSiloAsync(folder, loggers, output, cancellationToken),
            "edge" => RunEdgeAsync(folder, address!, secret!, loggers, output, cancellationToken),
            "node" => RunNodeAsync(folder, secret!, loggers, output, cancellationToken),
            _ => DeviceCrowd.RunAsync(
                NodeStateOf(folder), Path.Combine(folder, "devices"), address!, devices.First, devices.Count, devices.Concurrency, devices.UsesUdp, asked.Task, output, cancellationToken),
        });
    }

    /// <summary>Where the silo's administration socket is.</summary>
    internal static string SiloStateOf(string folder) => Path.Combine(folder, "silo");

    private static string NodeStateOf(string folder) => Path.Combine(folder, "node");

    private static Task RunSiloAsync(string folder, ILoggerFactory loggers, TextWriter output, CancellationToken cancellationToken)
    {
        SiloInit.Create(SiloStateOf(folder), "silo-1", TimeProvider.System);
        var options = new SiloOptions { StateDirectory = SiloStateOf(folder), Listen = new IPEndPoint(IPAddress.Loopback, 0), ClusterListen = ClusterEndPoint.Next() };
        return SiloHost.RunAsync(
            options, loggers, TimeProvider.System, ready => output.WriteLine($"ready {ready.ControlEndPoint.Port} {ready.AdminSocketPath}"), cancellationToken);
    }

    private static async Task RunEdgeAsync(
        string folder, RelayAddress silo, EnrolmentUri token, ILoggerFactory loggers, TextWriter output, CancellationToken cancellationToken)
    {
        var state = Path.Combine(folder, "edge");
        await EdgeJoin.JoinAsync(token, state, TimeProvider.System, loggers, cancellationToken);
        var options = new EdgeOptions
        {
            StateDirectory = state,
            Silos = [silo.ToString()],
            DeviceEndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            NodeEndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            DrainTime = TimeSpan.Zero,
            Limits = new EdgeLimits { MaxConnectionsPerAddress = SessionsOptions.CountMax + SessionsOptions.WarmUpMax, MaxTunnelsPerNode = SessionsOptions.CountMax + SessionsOptions.WarmUpMax },
        };
        await EdgeHost.RunAsync(
            options,
            loggers,
            TimeProvider.System,
            ready => output.WriteLine($"ready {ready.DeviceEndPoints[0].Port} {ready.NodeEndPoints[0].Port}"),
            cancellationToken);
    }

    private static async Task RunNodeAsync(string folder, EnrolmentUri invitation, ILoggerFactory loggers, TextWriter output, CancellationToken cancellationToken)
    {
        await NodeInit.InitAsync(invitation, NodeStateOf(folder), NodeId.Parse("node-1"), "Load", loggers, TimeProvider.System, cancellationToken);
        var options = new NodeOptions
        {
            StateDirectory = NodeStateOf(folder),
            Allow = ["10.1.0.0/16"],
            MaxTunnels = SessionsOptions.CountMax + SessionsOptions.WarmUpMax,
        };
        await NodeHost.RunAsync(
            options,
            loggers,
            TimeProvider.System,
            status =>
            {
                if (status.Kind == NodeStatusKind.Attached)
                {
                    output.WriteLine("ready");
                }
            },
            (_, _, _, _) => new EchoEgress(TunnelLimits.MtuBytesDefault),
            cancellationToken);
    }
}
