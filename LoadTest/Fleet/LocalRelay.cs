using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Agent.Identity;
using OrleansUem.Edge;
using OrleansUem.Edge.State;
using OrleansUem.Node;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Silo;
using OrleansUem.Silo.Admin;
using OrleansUem.Silo.State;

namespace OrleansUem.LoadTest.Fleet;

/// <summary>Silo, edge and node of one tenant in this process, over real sockets on loopback; the node's network echoes.</summary>
internal sealed class LocalRelay : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("uem-relay-").FullName;
    private readonly List<(CancellationTokenSource Stop, Task Running)> _roles = [];

    public string NodeState => Path.Combine(_folder, "node");

    public RelayAddress ForDevices { get; private set; } = null!;

    /// <summary>Sets everything up; on return the node is attached.</summary>
    public static async Task<LocalRelay> StartAsync(CancellationToken cancellationToken)
    {
        var relay = new LocalRelay();
        try
        {
            var silo = await relay.StartSiloAsync(cancellationToken);
            var edge = await relay.StartEdgeAsync(silo, cancellationToken);
            relay.ForDevices = new RelayAddress("127.0.0.1", edge.DeviceEndPoints[0].Port);
            await relay.StartNodeAsync(silo, edge, cancellationToken);
            return relay;
        }
        catch
        {
            await relay.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops the node, so that another one can take its state directory.</summary>
    public Task StopNodeAsync() => StopLastAsync();

    public async ValueTask DisposeAsync()
    {
        while (_roles.Count > 0)
        {
            await StopLastAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private async Task StopLastAsync()
    {
        var (stop, running) = _roles[^1];
        _roles.RemoveAt(_roles.Count - 1);
        await stop.CancelAsync();
        await running;
        stop.Dispose();
    }

    private async Task<SiloReady> StartSiloAsync(CancellationToken cancellationToken)
    {
        var state = Path.Combine(_folder, "silo");
        SiloInit.Create(state, "silo-1", TimeProvider.System);
        var options = new SiloOptions { StateDirectory = state, Listen = new IPEndPoint(IPAddress.Loopback, 0) };
        return await StartAsync<SiloReady>(
            (ready, stop) => SiloHost.RunAsync(options, NullLoggerFactory.Instance, TimeProvider.System, ready, stop), cancellationToken);
    }

    private async Task<EdgeReady> StartEdgeAsync(SiloReady silo, CancellationToken cancellationToken)
    {
        using var admin = new AdminConnection(silo.AdminSocketPath);
        var token = await admin.CreateEdgeTokenAsync(new EdgeTokenRequest("edge-1", "127.0.0.1", silo.ControlEndPoint.Port), cancellationToken);
        var state = Path.Combine(_folder, "edge");
        await EdgeJoin.JoinAsync(Read(token), state, TimeProvider.System, NullLoggerFactory.Instance, cancellationToken);
        var options = new EdgeOptions
        {
            StateDirectory = state,
            Silos = [$"127.0.0.1:{silo.ControlEndPoint.Port}"],
            DeviceEndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            NodeEndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],

            // Every simulated device comes from one address.
            Limits = new EdgeLimits { MaxConnectionsPerAddress = 10_000 },
        };
        return await StartAsync<EdgeReady>(
            (ready, stop) => EdgeHost.RunAsync(options, NullLoggerFactory.Instance, TimeProvider.System, ready, stop), cancellationToken);
    }

    private async Task StartNodeAsync(SiloReady silo, EdgeReady edge, CancellationToken cancellationToken)
    {
        using var admin = new AdminConnection(silo.AdminSocketPath);
        var invitation = await admin.InviteAsync(new InvitationRequest("127.0.0.1", edge.NodeEndPoints[0].Port), cancellationToken);
        await NodeInit.InitAsync(
            Read(invitation), NodeState, NodeId.Parse("node-1"), "Load", NullLoggerFactory.Instance, TimeProvider.System, cancellationToken);
        var options = new NodeOptions { StateDirectory = NodeState, Allow = ["10.1.0.0/16"] };
        await StartAsync<NodeStatus>(
            (ready, stop) => NodeHost.RunAsync(
                options,
                NullLoggerFactory.Instance,
                TimeProvider.System,
                status =>
                {
                    if (status.Kind == NodeStatusKind.Attached)
                    {
                        ready(status);
                    }
                },
                (_, _) => new EchoEgress(TunnelLimits.MtuBytesDefault),
                stop),
            cancellationToken);
    }

    private async Task<T> StartAsync<T>(Func<Action<T>, CancellationToken, Task> run, CancellationToken cancellationToken)
    {
        var stop = new CancellationTokenSource();
        var ready = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = run(value => ready.TrySetResult(value), stop.Token);
        _roles.Add((stop, running));
        if (await Task.WhenAny(ready.Task, running).WaitAsync(cancellationToken) == running)
        {
            await running;
            throw new InvalidOperationException($"A role ended before it was ready ({typeof(T).Name}).");
        }

        return await ready.Task;
    }

    private static EnrolmentUri Read(EnrolmentText text) =>
        EnrolmentUri.TryParse(text.Uri, out var uri, out var error) ? uri : throw new FormatException(error);
}
