using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using OrleansUem.Grains;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Grains.Inventory;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.ActorHosts;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Grains;

/// <summary>The grains on the actor host of this build, with storage in memory, a clock that stands still, copied arguments, and one registered tenant.</summary>
internal sealed class GrainHost : IAsyncDisposable
{
    private readonly ActorHostFixture _host;
    private readonly TestAuthority _authority = new("Tenant root");

    // The hosts hold observers weakly: an edge that the test does not name any more would be collected, and what it is asked would wait for ever.
    private readonly List<ScriptedEdge> _edges = [];

    private GrainHost(ActorHostFixture host) => _host = host;

    internal ManualTimeProvider Clock { get; private init; } = null!;

    internal MemoryInventory Inventory { get; private init; } = null!;

    internal IGrainFactory Grains => _host.Grains;

    internal TenantId TenantId => _authority.Id;

    internal ITenantGrain Tenant => Grains.GetGrain<ITenantGrain>(GrainKeys.Tenant(TenantId));

    internal ReadOnlyMemory<byte> Root => _authority.Authority.Root.RawData;

    internal static async Task<GrainHost> StartAsync(GrainOptions? options = null)
    {
        var clock = new ManualTimeProvider();
        var inventory = new MemoryInventory();
        var host = await ActorHostFixture.StartStrictAsync(
            clock,
            services =>
            {
                services.AddSingleton<IInventory>(inventory);
                services.AddGrainServices(options ?? new GrainOptions());
            });
        var tests = new GrainHost(host) { Clock = clock, Inventory = inventory };
        var answer = await tests.Tenant.RegisterAsync(new TenantRegistration { Root = tests.Root, Name = "Acme" });
        Assert.Equal(Reason.None, answer.Reason);
        return tests;
    }

    internal async Task<ScriptedEdge> EdgeAsync(string edgeId)
    {
        var edge = new ScriptedEdge(Grains, edgeId);
        _edges.Add(edge);
        Assert.Equal(Reason.None, (await edge.LinkAsync()).Reason);
        return edge;
    }

    internal IDeviceGrain Device(string name = "phone") => Grains.GetGrain<IDeviceGrain>(GrainKeys.Device(TenantId, new DeviceId(name)));

    internal INodeGrain Node(string name = "node-1") => Grains.GetGrain<INodeGrain>(GrainKeys.Node(TenantId, new NodeId(name)));

    internal ITunnelGrain Tunnel(string device = "phone") => Grains.GetGrain<ITunnelGrain>(GrainKeys.Device(TenantId, new DeviceId(device)));

    internal string Identity(PeerRole role, string name) => new PeerIdentity(TenantId, role, name).ToString();

    internal async Task<SessionKey> AttachDeviceAsync(ScriptedEdge edge, ulong generation, string name = "phone")
    {
        var session = edge.Session(Identity(PeerRole.Device, name), generation);
        Assert.Equal(Reason.None, (await Device(name).AttachAsync(Facts(session))).Reason);
        return session;
    }

    internal async Task<SessionKey> AttachNodeAsync(ScriptedEdge edge, ulong generation, string name = "node-1")
    {
        var session = edge.Session(Identity(PeerRole.Node, name), generation);
        Assert.Equal(Reason.None, (await Node(name).AttachAsync(Facts(session))).Reason);
        return session;
    }

    internal static TunnelOpen Open(SessionKey device, uint request) =>
        new() { Device = new RouteEndpoint { Session = device, Channel = 40 + request }, RequestId = request };

    internal static AttachFacts Facts(SessionKey session) => new()
    {
        Session = session,
        CertificateSha256 = new string('c', 64),
        CertificateNotBeforeUnixMs = 1,
        CertificateNotAfterUnixMs = 2,
    };

    internal static LeaseReports Report(string edge, ulong tunnelId, bool isDevice, Reason reason = Reason.None) => new()
    {
        EdgeId = edge,
        Leases = [new LeaseUsage { TunnelId = tunnelId, IsDeviceSide = isDevice, BytesIn = 10, BytesOut = 20, Reason = reason }],
    };

    internal async Task<Reason> RenewAsync(string edge, ulong tunnelId, bool isDevice) =>
        (await Tunnel().RenewAsync(Report(edge, tunnelId, isDevice)))[0].Reason;

    /// <summary>What a silo's death leaves: storage.</summary>
    internal Task ForgetAsync() => EndAsync(_host.DeactivateAllAsync(), "all activations end");

    internal T Row<T>(string prefix)
        where T : InventoryRow =>
        Assert.IsType<T>(Assert.Single(Inventory.Rows, row => row.Key.StartsWith(prefix, StringComparison.Ordinal)));

    internal static string Text(ulong number) => number.ToString(CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        await EndAsync(_host.DisposeAsync().AsTask(), "the host stops");
        _authority.Dispose();
    }

    // Requests to edges may be under way; the clock that stands still would keep their activations waiting for an answer.
    private async Task EndAsync(Task ending, string phase)
    {
        for (var turn = 0; turn < 100_000 && !ending.IsCompleted; turn++)
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await ending.WithinAsync(phase);
    }
}
