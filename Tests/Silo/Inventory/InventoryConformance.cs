using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Grains;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Grains.Inventory;
using OrleansUem.Grains.Tunnels;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;
using OrleansUem.Silo.Admin;
using OrleansUem.Silo.Inventory;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Silo.Inventory;

/// <summary>What every database of the inventory has to do. Two queues are two silos, whose rows arrive in any order.</summary>
public abstract class InventoryConformance : IAsyncLifetime, IDisposable
{
    private static readonly string TenantA = new('a', 64);
    private static readonly string TenantB = new('b', 64);

    private readonly ManualTimeProvider _time = new();
    private InventoryStore? _store;
    private InventoryQueue? _one;
    private InventoryQueue? _two;
    private InventoryReader _reader = null!;

    private DateTimeOffset Now => _time.GetUtcNow();

    public async Task InitializeAsync()
    {
        _store = await CreateStoreAsync(_time);
        if (_store is not null)
        {
            await _store.OpenAsync(CancellationToken.None);
            _one = new InventoryQueue(_store, _time, NullLogger<InventoryQueue>.Instance);
            _two = new InventoryQueue(_store, _time, NullLogger<InventoryQueue>.Instance);
            _reader = new InventoryReader(_store, _one, new GrainOptions());
            await _one.StartAsync(CancellationToken.None);
            await _two.StartAsync(CancellationToken.None);
        }
    }

    public void Dispose()
    {
        _one?.Dispose();
        _two?.Dispose();
        GC.SuppressFinalize(this);
    }

    public async Task DisposeAsync()
    {
        if (_store is not null)
        {
            await _one!.StopAsync(CancellationToken.None);
            await _two!.StopAsync(CancellationToken.None);
            await _store.DisposeAsync();
            await DisposeStoreAsync();
        }
    }

    [SuiteFact]
    public async Task Lists_ShowWhatWasTold()
    {
        await TellAsync(
            _one,
            new TenantRow { At = Now, TenantId = TenantA, Name = "Acme", IsCut = true },
            Peer(PeerRole.Device, "phone", 7) with { IsBlocked = true },
            Peer(PeerRole.Node, "node-1", 3),
            new TunnelRow
            {
                At = Now,
                TenantId = TenantA,
                DeviceId = "phone",
                TunnelId = 4,
                Phase = TunnelPhase.Open,
                NodeId = "node-1",
                FramesFromDevice = 1,
                BytesFromDevice = 2,
                FramesToDevice = 3,
                BytesToDevice = ulong.MaxValue,
                Dropped = 5,
                EndReason = Reason.None,
                DevicePath = "udp",
                NodePath = "tcp",
            },
            new EdgeRow { At = Now, EdgeId = "edge-1", IsLinked = true, Address = "192.0.2.1", ProcessId = "p1" },
            new InvitationRow { At = Now, InvitationId = "i", Kind = InvitationKind.Tenant, Name = "n" });

        Assert.Equal(("Acme", true), Assert.Single((await _reader.TenantsAsync("", 10, default)).Items) is var tenant ? (tenant.Name, tenant.IsCut) : default);
        var phone = Assert.Single(await PeersAsync(PeerRole.Device));
        Assert.Equal(("phone", "edge-1", 1UL, 7UL, true), (phone.Name, phone.Edge, phone.SessionId!.Value, phone.Generation!.Value, phone.IsBlocked));
        Assert.Equal(("192.0.2.7", "udp", "uem 1"), (phone.Address, phone.Transport, phone.Software));
        Assert.Equal("tcp", Assert.Single(await PeersAsync(PeerRole.Node)).Transport);
        var tunnel = Assert.Single((await _reader.TunnelsAsync(TenantA, "", 10, default)).Items);
        Assert.Equal(("Open", "node-1", 2L, long.MaxValue, "udp", "tcp"), (tunnel.Phase, tunnel.Node, tunnel.BytesUp, tunnel.BytesDown, tunnel.DevicePath, tunnel.NodePath));
        Assert.True(Assert.Single((await _reader.EdgesAsync("", 10, default)).Items) is { IsLinked: true, IsRemoved: false, Address: "192.0.2.1" });
        Assert.Equal(new InventoryCounts(1, 1, 1, 1, 1, 1), await _reader.CountAsync(default));
        Assert.Equal((PeerRole.Device, "phone"), await _reader.FindCertificateAsync(TenantA, phone.CertificateSha256, default));
        Assert.Null(await _reader.FindCertificateAsync(TenantB, phone.CertificateSha256, default));
    }

    /// <summary>A silo that lost the grain may write last, and its clock may be ahead.</summary>
    [SuiteFact]
    public async Task LateRow_OfAnOlderGeneration_ChangesNothing()
    {
        await TellAsync(_two, Peer(PeerRole.Device, "phone", 8));
        await TellAsync(_one, Peer(PeerRole.Device, "phone", 7) with { At = Now.AddHours(1), Session = null, LastEnd = Reason.Replaced });
        Assert.Equal(8UL, Assert.Single(await PeersAsync(PeerRole.Device)).Generation);
    }

    [SuiteFact]
    public async Task LateRow_OfTheSameGeneration_ChangesNothing()
    {
        await TellAsync(_two, Peer(PeerRole.Device, "phone", 8) with { Session = null, LastEnd = Reason.CutByAdmin });
        await TellAsync(_one, Peer(PeerRole.Device, "phone", 8) with { At = Now.AddSeconds(-1) });
        Assert.Null(Assert.Single(await PeersAsync(PeerRole.Device)).Edge);
    }

    [SuiteFact]
    public async Task Tunnel_OfAnOlderId_ChangesNothing()
    {
        var newer = new TunnelRow { At = Now, TenantId = TenantA, DeviceId = "phone", TunnelId = 5, Phase = TunnelPhase.Open };
        await TellAsync(_two, newer);
        await TellAsync(_one, newer with { At = Now.AddHours(1), TunnelId = 4, Phase = TunnelPhase.Closed, EndReason = Reason.TunnelReplaced });
        Assert.Equal((5UL, "Open"), Assert.Single((await _reader.TunnelsAsync(null, "", 10, default)).Items) is var row ? (row.TunnelId, row.Phase) : default);
    }

    /// <summary>Storage says of a tunnel that it has not ended and no more; what its edges reported of it stays.</summary>
    [SuiteFact]
    public async Task Tunnel_ReadFromStorage_StaysOpenUnlessItEndedOrIsAnother()
    {
        var told = new TunnelRow
        {
            At = Now,
            TenantId = TenantA,
            DeviceId = "phone",
            TunnelId = 4,
            Phase = TunnelPhase.Open,
            NodeId = "node-1",
            BytesFromDevice = 9,
            DevicePath = "udp",
        };
        await TellAsync(_one, told);
        var at = (Now + await _store!.CompareClockAsync(CancellationToken.None)).ToUnixTimeMilliseconds();
        var state = new TunnelState { LastTunnelId = 4, NodeId = "node-1" };

        Assert.Equal((4UL, "Open", 9L, "udp"), await RestoreAsync(state));
        Assert.Equal((4UL, "Closed", 9L, "udp"), await RestoreAsync(state with { EndedTunnelId = 4 }));
        Assert.Equal((4UL, "Recalled", 9L, "udp"), await RestoreAsync(state));
        Assert.Equal((5UL, "Recalled", 0L, ""), await RestoreAsync(state with { LastTunnelId = 5 }));

        async Task<(ulong, string, long, string)> RestoreAsync(TunnelState stored)
        {
            await _store.WriteAsync([InventoryRestores.Tunnel(TenantA + "/phone", stored, ++at)!], CancellationToken.None);
            var row = Assert.Single((await _reader.TunnelsAsync(null, "", 10, default)).Items);
            return (row.TunnelId, row.Phase, row.BytesUp, row.DevicePath);
        }
    }

    /// <summary>The facts of an attach stay when an activation that did not see it speaks.</summary>
    [SuiteFact]
    public async Task Row_WithoutFacts_KeepsThem()
    {
        await TellAsync(_one, Peer(PeerRole.Device, "phone", 7));
        await TellAsync(_two, Peer(PeerRole.Device, "phone", 7) with { Facts = null, IsBlocked = true });
        var phone = Assert.Single(await PeersAsync(PeerRole.Device));
        Assert.Equal((true, "192.0.2.7", "uem 1"), (phone.IsBlocked, phone.Address, phone.Software));
    }

    /// <summary>An edge that started again has none of the sessions of before, whether or not its grain saw both processes.</summary>
    [SuiteFact]
    public Task Edge_StartedAgain_ItsSessionsAreOver() => AssertSessionsOverAsync(isEdgeFirst: false);

    /// <summary>The same when the session's row is the last to arrive.</summary>
    [SuiteFact]
    public Task Edge_StartedAgain_LateSessionsAreOver() => AssertSessionsOverAsync(isEdgeFirst: true);

    /// <summary>Nobody says of a link that it died with its silo: it is no longer spoken of.</summary>
    [SuiteFact]
    public async Task Edge_NotSpokenOf_IsNotLinked()
    {
        await TellAsync(_one, new EdgeRow { At = Now - (3 * new GrainOptions().LinkExpiry), EdgeId = "edge-1", IsLinked = true, ProcessId = "p1" });
        Assert.False(Assert.Single((await _reader.EdgesAsync("", 10, default)).Items).IsLinked);
        await TellAsync(_two, new EdgeRow { At = Now, EdgeId = "edge-1", IsLinked = true, ProcessId = "p1" });
        Assert.True(Assert.Single((await _reader.EdgesAsync("", 10, default)).Items).IsLinked);
    }

    [SuiteFact]
    public async Task Node_PathIsThatOfItsOwnTunnels()
    {
        await TellAsync(
            _one,
            Peer(PeerRole.Node, "node-1", 1),
            Peer(PeerRole.Node, "node-1", 1) with { TenantId = TenantB },
            new TunnelRow { At = Now, TenantId = TenantB, DeviceId = "phone", TunnelId = 1, Phase = TunnelPhase.Open, NodeId = "node-1", NodePath = "udp" });
        Assert.Equal(["tcp", "udp"], (await PeersAsync(PeerRole.Node)).Select(static node => node.Transport));
    }

    [SuiteFact]
    public async Task Pages_OfATenant_GoOnAfterTheLast()
    {
        await TellAsync(_one, [.. Enumerable.Range(0, 25).Select(i => Peer(PeerRole.Device, $"d{i:00}", 1)), Peer(PeerRole.Device, "other", 1) with { TenantId = TenantB }]);
        var names = new List<string>();
        var after = "";
        for (var page = await _reader.PeersAsync(PeerRole.Device, TenantA, after, 10, default); ; page = await _reader.PeersAsync(PeerRole.Device, TenantA, page.Next, 10, default))
        {
            names.AddRange(page.Items.Select(static item => item.Name));
            if (page.Next is null)
            {
                break;
            }
        }

        Assert.Equal(Enumerable.Range(0, 25).Select(static i => $"d{i:00}"), names);
    }

    /// <summary>What a peer states of itself does not keep others' rows out.</summary>
    [SuiteFact]
    public async Task Text_WithNul_IsTaken()
    {
        var facts = Facts(7) with { Software = "a\0b" };
        await TellAsync(_one, Peer(PeerRole.Device, "phone", 7) with { Facts = facts }, Peer(PeerRole.Device, "laptop", 1));
        Assert.Equal(["laptop", "phone"], (await PeersAsync(PeerRole.Device)).Select(static peer => peer.Name));
        Assert.Equal((0, 0), (_one!.DroppedCount, _one.WaitingCount));
    }

    /// <summary>Two silos that write the same many rows at once: no deadlock, nothing lost.</summary>
    [SuiteFact]
    public async Task TwoSilos_TheSameRowsAtOnce_AllAreThere()
    {
        var rows = Enumerable.Range(0, 2_000).Select(i => Peer(PeerRole.Device, $"d{i:0000}", 1)).ToArray();
        var first = TellAsync(_one, rows);
        var second = TellAsync(_two, [.. rows.Reverse()]);
        await first;
        await second;
        Assert.Equal(2_000, (await _reader.CountAsync(default)).DevicesAttached);
        Assert.Equal(0, _one!.DroppedCount + _two!.DroppedCount);
    }

    private async Task AssertSessionsOverAsync(bool isEdgeFirst)
    {
        await TellAsync(_one, new EdgeRow { At = Now, EdgeId = "edge-1", IsLinked = true, ProcessId = "p1" });
        var session = Peer(PeerRole.Device, "phone", 7) with { At = Now.AddSeconds(1) };
        var again = new EdgeRow { At = Now.AddSeconds(2), EdgeId = "edge-1", IsLinked = true, ProcessId = "p2" };
        foreach (var row in isEdgeFirst ? new InventoryRow[] { again, session } : [session, again])
        {
            await TellAsync(_two, row);
        }

        Assert.Null(Assert.Single(await PeersAsync(PeerRole.Device)).Edge);
        Assert.Equal(0, (await _reader.CountAsync(default)).DevicesAttached);
        await TellAsync(_one, Peer(PeerRole.Device, "phone", 8) with { At = Now.AddSeconds(3) });
        Assert.Equal("edge-1", Assert.Single(await PeersAsync(PeerRole.Device)).Edge);
    }

    private protected abstract Task<InventoryStore?> CreateStoreAsync(TimeProvider time);

    private protected abstract Task DisposeStoreAsync();

    private static async Task TellAsync(InventoryQueue? queue, params InventoryRow[] rows)
    {
        foreach (var row in rows)
        {
            queue!.Tell(row);
        }

        await queue!.WhenWrittenAsync().WithinAsync("rows are written");
    }

    private async Task<IReadOnlyList<PeerItem>> PeersAsync(PeerRole role) => (await _reader.PeersAsync(role, null, "", 100, default)).Items;

    private PeerRow Peer(PeerRole role, string name, ulong generation) => new()
    {
        At = Now,
        Role = role,
        TenantId = TenantA,
        Name = name,
        Generation = generation,
        Session = Session(generation),
        CertificateSha256 = new string('c', 64),
        Facts = Facts(generation),
    };

    private static AttachFacts Facts(ulong generation) => new()
    {
        Session = Session(generation),
        CertificateSha256 = new string('c', 64),
        CertificateNotBeforeUnixMs = 1,
        CertificateNotAfterUnixMs = 2,
        Address = "192.0.2.7",
        Transport = "tcp",
        Software = "uem 1",
    };

    private static SessionKey Session(ulong generation) => new() { EdgeId = "edge-1", SessionId = 1, Generation = generation };
}
