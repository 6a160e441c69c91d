using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Agent.Identity;
using OrleansUem.Edge.State;
using OrleansUem.LoadTest.Fleet;
using OrleansUem.Silo.Admin;
using OrleansUem.Silo.State;
using OrleansUem.Tests.Kit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>
/// Two silos and two edges as processes of their own on loopback, on PostgreSQL. Each edge has a tenant, whose node and devices are in this process: edge-1
/// offers UDP, edge-2 does not. Edges do not forward to each other, so a tenant's peers are on one edge.
/// </summary>
internal sealed class ClusterFleet : IAsyncDisposable
{
    private const int Count = 2;
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(90);

    private readonly string _folder = Directory.CreateTempSubdirectory("uem-cluster-").FullName;
    private readonly int[] _controlPorts = new int[Count];
    private readonly int[] _clusterPorts = new int[Count];
    private readonly int[] _devicePorts = new int[Count];
    private readonly int[] _nodePorts = new int[Count];
    private readonly ProcessUnderTest?[] _silos = new ProcessUnderTest?[Count];
    private readonly ProcessUnderTest?[] _edges = new ProcessUnderTest?[Count];
    private readonly AdminConnection[] _admins = new AdminConnection[Count];
    private readonly EchoNode?[] _nodes = new EchoNode?[Count];
    private readonly DeviceFleet?[] _fleets = new DeviceFleet?[Count];

    private ClusterFleet(PostgresServer server)
    {
        Server = server;
        for (var i = 0; i < Count; i++)
        {
            _controlPorts[i] = FreePort.Next();
            _clusterPorts[i] = FreePort.Next();
            _devicePorts[i] = FreePort.Next();
            _nodePorts[i] = FreePort.Next();
            _admins[i] = AdminConnection.ToState(SiloState(i));
        }
    }

    public PostgresServer Server { get; }

    /// <summary>Every device with what its cut needs.</summary>
    public IEnumerable<(SimulatedDevice Device, string Tenant, string Name)> Devices => Enumerable.Range(0, Count).SelectMany(
        edge => _fleets[edge]!.Devices.Select((device, index) => (device, _nodes[edge]!.Identity.Root.Text, DeviceFleet.NameOf(index))));

    private string DatabaseFile => Path.Combine(_folder, "database.conf");

    /// <summary>Starts everything; on return every tunnel is up.</summary>
    public static async Task<ClusterFleet> StartAsync(int devicesPerEdge)
    {
        var cluster = new ClusterFleet(await PostgresServer.StartAsync());
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
            await cluster.StartSilosAsync();
            for (var edge = 0; edge < Count; edge++)
            {
                await cluster.JoinEdgeAsync(edge, limit.Token);
                await cluster.StartEdgeAsync(edge);
                await cluster.StartTenantAsync(edge, devicesPerEdge, limit.Token);
            }

            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public ProcessUnderTest Silo(int index) => _silos[index]!;

    public ProcessUnderTest Edge(int index) => _edges[index]!;

    public AdminConnection Admin(int silo) => _admins[silo];

    public async Task StartSiloAsync(int index)
    {
        _silos[index] = Start(
            "silo", "--state", SiloState(index), "--listen", Loopback(_controlPorts[index]), "--database-file", DatabaseFile, "--cluster-listen", Loopback(_clusterPorts[index]));
        await Silo(index).WaitForLineAsync($"silo-{index + 1} starts", line => line.Contains($"silo-{index + 1} ready", StringComparison.Ordinal), StartTimeout);
    }

    public async Task StartEdgeAsync(int index)
    {
        _edges[index] = Start(
            [
                "edge", "--state", Path.Combine(_folder, $"edge-{index + 1}"), "--silo", Loopback(_controlPorts[0]), "--silo", Loopback(_controlPorts[1]),
                "--devices", Loopback(_devicePorts[index]), "--nodes", Loopback(_nodePorts[index]), .. index == 0 ? (string[])[] : ["--no-udp"],
            ]);
        await Edge(index).WaitForLineAsync($"edge-{index + 1} starts", line => line.Contains($"edge-{index + 1} ready", StringComparison.Ordinal), StartTimeout);
    }

    /// <summary>Waits until both edges have linked to a silo for the n-th time in their lives.</summary>
    public async Task WaitForLinksAsync(int silo, params int[] occurrences)
    {
        for (var edge = 0; edge < Count; edge++)
        {
            var seen = 0;
            var wanted = occurrences[edge];
            await Edge(edge).WaitForLineAsync(
                $"edge-{edge + 1} links to silo-{silo + 1}, time {wanted}",
                line => line.Contains($"Linked to silo-{silo + 1};", StringComparison.Ordinal) && ++seen == wanted,
                StartTimeout);
        }
    }

    public static async Task KillAsync(ProcessUnderTest process)
    {
        process.Kill();
        await process.WaitForExitAsync("killed");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var owned in _fleets.Concat<IAsyncDisposable?>(_nodes).Concat(_edges).Concat(_silos).Append(Server))
        {
            if (owned is not null)
            {
                await owned.DisposeAsync();
            }
        }

        foreach (var admin in _admins)
        {
            admin.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private static ProcessUnderTest Start(params string[] arguments) =>
        ProcessUnderTest.Start(null, "dotnet", [UemInstallation.ProgramPath, .. arguments]);

    private static string Loopback(int port) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");

    private string SiloState(int index) => Path.Combine(_folder, $"silo-{index + 1}");

    private async Task StartSilosAsync()
    {
        await File.WriteAllTextAsync(DatabaseFile, await Server.CreateDatabaseAsync());
        StateFiles.Restrict(DatabaseFile);
        SiloInit.Create(SiloState(0), "silo-1", TimeProvider.System);
        SiloInit.CreateLike(SiloState(1), "silo-2", SiloState(0), TimeProvider.System);
        await StartSiloAsync(0);
        await StartSiloAsync(1);
    }

    private async Task JoinEdgeAsync(int edge, CancellationToken cancellationToken)
    {
        var token = await Admin(0).CreateEdgeTokenAsync(new EdgeTokenRequest($"edge-{edge + 1}", "127.0.0.1", _controlPorts[0]), cancellationToken);
        await EdgeJoin.JoinAsync(
            EchoNode.Read(token), Path.Combine(_folder, $"edge-{edge + 1}"), TimeProvider.System, NullLoggerFactory.Instance, cancellationToken);
    }

    private async Task StartTenantAsync(int edge, int devices, CancellationToken cancellationToken)
    {
        var node = _nodes[edge] = await EchoNode.StartAsync(Admin(edge), _nodePorts[edge], Path.Combine(_folder, $"node-{edge + 1}"), cancellationToken);
        var fleet = _fleets[edge] = new DeviceFleet();
        await fleet.EnrolAsync(node.StateDirectory, new RelayAddress("127.0.0.1", _devicePorts[edge]), devices, cancellationToken);
        await fleet.StartAsync(devices, concurrency: 8, cancellationToken);
    }
}
