using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Agent.Identity;
using OrleansUem.Edge;
using OrleansUem.Edge.State;
using OrleansUem.Silo;
using OrleansUem.Silo.Admin;
using OrleansUem.Silo.State;

namespace OrleansUem.LoadTest.Fleet;

/// <summary>Silo, edge and node of one tenant in this process, over real sockets on loopback; the node's network echoes.</summary>
internal sealed class LocalRelay : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("uem-relay-").FullName;
    private readonly List<IAsyncDisposable> _roles = [];

    public string NodeState => Path.Combine(_folder, "node");

    public RelayAddress ForDevices { get; private set; } = null!;

    /// <summary>Makes a folder that goes with the relay.</summary>
    public string NewFolder(string name) => Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;

    /// <summary>Sets everything up; on return the node is attached.</summary>
    /// <param name="databaseFile">Names a PostgreSQL database for the silo, see <see cref="SiloOptions.DatabaseFile"/>; null: SQLite.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<LocalRelay> StartAsync(string? databaseFile, CancellationToken cancellationToken)
    {
        var relay = new LocalRelay();
        try
        {
            var silo = await relay.StartSiloAsync(databaseFile, cancellationToken);
            using var admin = new AdminConnection(silo.AdminSocketPath);
            var edge = await relay.StartEdgeAsync(admin, silo.ControlEndPoint.Port, cancellationToken);
            relay.ForDevices = new RelayAddress("127.0.0.1", edge.DeviceEndPoints[0].Port);
            relay._roles.Add(await EchoNode.StartAsync(admin, edge.NodeEndPoints[0].Port, relay.NodeState, cancellationToken));
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
        var role = _roles[^1];
        _roles.RemoveAt(_roles.Count - 1);
        await role.DisposeAsync();
    }

    private async Task<SiloReady> StartSiloAsync(string? databaseFile, CancellationToken cancellationToken)
    {
        var state = Path.Combine(_folder, "silo");
        SiloInit.Create(state, "silo-1", TimeProvider.System);
        var options = new SiloOptions
        {
            StateDirectory = state,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            DatabaseFile = databaseFile,
            ClusterListen = ClusterEndPoint.Next(),
        };
        return await StartAsync<SiloReady>(
            (ready, stop) => SiloHost.RunAsync(options, NullLoggerFactory.Instance, TimeProvider.System, ready, stop), cancellationToken);
    }

    private async Task<EdgeReady> StartEdgeAsync(AdminConnection admin, int controlPort, CancellationToken cancellationToken)
    {
        var token = await admin.CreateEdgeTokenAsync(new EdgeTokenRequest("edge-1", "127.0.0.1", controlPort), cancellationToken);
        var state = Path.Combine(_folder, "edge");
        await EdgeJoin.JoinAsync(EchoNode.Read(token), state, TimeProvider.System, NullLoggerFactory.Instance, cancellationToken);
        var options = new EdgeOptions
        {
            StateDirectory = state,
            Silos = [$"127.0.0.1:{controlPort}"],
            DeviceEndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            NodeEndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],

            // Every simulated device comes from one address.
            Limits = new EdgeLimits { MaxConnectionsPerAddress = 10_000 },
        };
        return await StartAsync<EdgeReady>(
            (ready, stop) => EdgeHost.RunAsync(options, NullLoggerFactory.Instance, TimeProvider.System, ready, stop), cancellationToken);
    }

    private async Task<T> StartAsync<T>(Func<Action<T>, CancellationToken, Task> run, CancellationToken cancellationToken)
    {
        var (role, ready) = await LocalRole.StartAsync(run, cancellationToken);
        _roles.Add(role);
        return ready;
    }
}
