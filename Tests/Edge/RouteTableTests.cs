using System.Buffers;
using OrleansUem.Edge.Forwarding;
using OrleansUem.Edge.Paths;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Edge;

/// <summary>Leases on virtual time: time is an argument.</summary>
public sealed class RouteTableTests
{
    private const string LeaseId = "tenant/phone-1/1";
    private static readonly ReadOnlySequence<byte> Payload = new(new byte[100]);

    private readonly FakeTunnelPeer _device = new();
    private readonly FakeTunnelPeer _node = new();
    private readonly List<LeaseReport> _reports = [];
    private readonly RouteTable _table;

    public RouteTableTests() => _table = new RouteTable(Find, _reports.Add);

    [Fact]
    public void Forward_RewritesTheChannelOnlyAndCountsBothSides()
    {
        _node.Channels.TryAllocate(_node);
        var (d, n) = InstallBoth();

        Assert.Equal(DropReason.Unspecified, Forward(d.Route!));
        Assert.Equal(DropReason.Unspecified, Forward(d.Route!));
        Assert.Equal(DropReason.Unspecified, Forward(n.Route!));

        Assert.Equal([n.Channel, n.Channel], _node.Datagrams);
        Assert.Equal([d.Channel], _device.Datagrams);
        var report = d.Route!.Report(Reason.None);
        Assert.Equal((2UL, 200UL, 1UL, 100UL), (report.FramesIn, report.BytesIn, report.FramesOut, report.BytesOut));
    }

    [Fact]
    public void Forward_PeerQueueFull_IsNamedAndCounted()
    {
        var (d, _) = InstallBoth();
        _node.Drop = DropReason.QueueFull;

        Assert.Equal(DropReason.QueueFull, Forward(d.Route!));

        Assert.Equal((0UL, 1UL), (d.Route!.Report(Reason.None).FramesIn, d.Route.Report(Reason.None).Dropped));
    }

    [Fact]
    public void Forward_DoesNotAllocate()
    {
        var quiet = new FakeTunnelPeer { KeepsDatagrams = false };
        var slot = _device.Channels.TryAllocate(_device)!;
        var route = new Route(LeaseOf(300), true, slot, quiet.Channels.TryAllocate(quiet)!, TimeSpan.Zero);
        Forward(route);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
        {
            Forward(route);
        }

        // Less than a byte a frame: what the runtime itself allocates when it compiles the loop anew is not the frames'.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 9_999);
    }

    [Theory]
    [InlineData(98, false)]
    [InlineData(99, false)]
    [InlineData(100, true)]
    public void Tick_Lifetime_EndsNotLaterThanPromised(int seconds, bool isEnded)
    {
        var (d, _) = InstallBoth(lifetime: 100);

        _table.Tick(TimeSpan.FromSeconds(seconds), []);

        Assert.Equal(isEnded ? 0 : 2, _table.Count);
        Assert.Equal(isEnded ? [Reason.LeaseExpired] : [], _device.Closes);
        Assert.Equal(isEnded ? [Reason.LeaseExpired] : [], _node.Closes);
        Assert.Equal(isEnded ? DropReason.LeaseExpired : DropReason.Unspecified, Forward(d.Route!));
    }

    [Fact]
    public void Tick_HalfOfTheLife_BothSidesAreDueOnceUntilTheRetry()
    {
        InstallBoth(lifetime: 100);
        var due = new List<LeaseReport>();

        _table.Tick(TimeSpan.FromSeconds(49), due);
        Assert.Empty(due);
        _table.Tick(TimeSpan.FromSeconds(50), due);
        Assert.Equal([false, true], due.Select(report => report.FromDeviceSide).Order());
        _table.Tick(TimeSpan.FromSeconds(51), due);
        Assert.Equal(2, due.Count);
        _table.Tick(TimeSpan.FromSeconds(55), due);
        Assert.Equal(4, due.Count);
    }

    /// <summary>A session whose data moves to UDP or back is reported once with the next batch after a while, not at half of the lease's life.</summary>
    [Fact]
    public void Tick_PathChanged_IsReportedOnce()
    {
        InstallBoth(lifetime: 100);
        var due = new List<LeaseReport>();
        _device.DataPath.Target = new PathTarget(null!, default, null, 1_400);
        _table.Tick(TimeSpan.FromSeconds(4), due);
        Assert.Empty(due);
        _table.Tick(TimeSpan.FromSeconds(5), due);
        Assert.True(Assert.Single(due) is { FromDeviceSide: true, OverUdp: true });
        _table.Apply(new LeaseRenewal { LeaseId = LeaseId, LifetimeSeconds = 100 }, TimeSpan.FromSeconds(5));
        _table.Tick(TimeSpan.FromSeconds(40), due);
        Assert.Single(due);
        _device.DataPath.Target = null;
        _table.Tick(TimeSpan.FromSeconds(41), due);
        Assert.True(due.Count == 2 && due[1] is { FromDeviceSide: true, OverUdp: false });
    }

    [Fact]
    public void Apply_Renewed_ExtendsBothSides_Refused_EndsBoth()
    {
        InstallBoth(lifetime: 100);
        _table.Apply(new LeaseRenewal { LeaseId = LeaseId, LifetimeSeconds = 100 }, TimeSpan.FromSeconds(50));
        _table.Tick(TimeSpan.FromSeconds(140), []);
        Assert.Equal(2, _table.Count);

        _table.Apply(new LeaseRenewal { LeaseId = LeaseId, Reason = (uint)Reason.CutByAdmin }, TimeSpan.FromSeconds(141));

        Assert.Equal(0, _table.Count);
        Assert.Equal([Reason.CutByAdmin], _device.Closes);
    }

    [Fact]
    public void Tick_Idle_EndsWithoutTrafficAndTrafficEitherWayKeepsIt()
    {
        var (_, n) = InstallBoth(idle: 30);
        _table.Tick(TimeSpan.FromSeconds(20), []);
        Forward(n.Route!);
        _table.Tick(TimeSpan.FromSeconds(40), []);
        Assert.Equal(2, _table.Count);

        _table.Tick(TimeSpan.FromSeconds(69), []);
        Assert.Equal(2, _table.Count);
        _table.Tick(TimeSpan.FromSeconds(70), []);

        Assert.Equal([Reason.Idle], _device.Closes);
        Assert.All(_reports, report => Assert.Equal((uint)Reason.Idle, report.Reason));
    }

    [Fact]
    public void Forward_ByteLimitOverBothDirections_DropsByNameAndEnds()
    {
        var (d, n) = InstallBoth(byteLimit: 250);
        Assert.Equal(DropReason.Unspecified, Forward(d.Route!));
        Assert.Equal(DropReason.Unspecified, Forward(n.Route!));

        Assert.Equal(DropReason.ByteLimit, Forward(d.Route!));
        _table.Tick(TimeSpan.FromSeconds(1), []);

        Assert.Equal([Reason.ByteLimit], _node.Closes);
    }

    [Fact]
    public void EndSession_TellsThePeerOnly_ReportsBothSides_ReleasesChannels()
    {
        InstallBoth();
        _device.IsEnded = true;

        _table.EndSession(_device, Reason.DeviceLost, "");

        Assert.Empty(_device.Closes);
        Assert.Equal([Reason.DeviceLost], _node.Closes);
        Assert.Equal(2, _reports.Count);
        Assert.Equal((0, 0, 0), (_table.Count, _device.Channels.Count, _node.Channels.Count));
    }

    [Fact]
    public void EndSession_OfADeviceWhoseOwnRouteIsNotThereYet_EndsTheNodes()
    {
        var d = _device.Channels.TryAllocate(_device)!;
        var n = _node.Channels.TryAllocate(_node)!;
        Assert.Equal(Reason.None, _table.TryInstall(LeaseOf(300, PeerOf(1, d)), n, isFromDevice: false, TimeSpan.Zero, out _));
        _device.IsEnded = true;

        _table.EndSession(_device, Reason.DeviceLost, "");

        Assert.Equal([Reason.DeviceLost], _node.Closes);
        Assert.Equal(Reason.NotAttached, _table.TryInstall(LeaseOf(300, PeerOf(2, n)), d, isFromDevice: true, TimeSpan.Zero, out _));
    }

    [Fact]
    public void EndPrefix_DeviceOfTheSameBeginning_StaysUntouched()
    {
        InstallBoth();
        InstallBoth(leaseId: "tenant/phone-11/1");

        _table.EndPrefix("tenant/phone-1/", Reason.CutByAdmin);

        Assert.Equal(2, _table.Count);
        Assert.Equal([Reason.CutByAdmin], _device.Closes);
    }

    [Fact]
    public void TryInstall_SameLeaseAgain_ExtendsAndKeepsTheCounters()
    {
        var (d, n) = InstallBoth(lifetime: 100);
        Forward(d.Route!);
        var route = d.Route;

        Assert.Equal(
            Reason.None,
            _table.TryInstall(LeaseOf(100, PeerOf(2, n)), d, isFromDevice: true, TimeSpan.FromSeconds(90), out _));

        Assert.Same(route, d.Route);
        Assert.Equal(TimeSpan.FromSeconds(190), route!.Expires);
    }

    [Theory]
    [InlineData(0U, 10)]
    [InlineData(10U, 10)]
    [InlineData(301U, 300)]
    public void TryInstall_LifetimeOutOfRange_IsBounded(uint seconds, int expected)
    {
        var (d, _) = InstallBoth(lifetime: seconds);

        Assert.Equal(TimeSpan.FromSeconds(expected), d.Route!.Expires);
    }

    [Fact]
    public void TryInstall_WithoutPeerOrId_IsMalformed()
    {
        var slot = _device.Channels.TryAllocate(_device)!;

        Assert.Equal(Reason.MalformedFrame, _table.TryInstall(null, slot, true, TimeSpan.Zero, out _));
        Assert.Equal(Reason.MalformedFrame, _table.TryInstall(new Lease { LeaseId = LeaseId }, slot, true, TimeSpan.Zero, out _));
        Assert.Equal(Reason.MalformedFrame, _table.TryInstall(new Lease { Peer = new RouteEnd() }, slot, true, TimeSpan.Zero, out _));
    }

    [Fact]
    public void TryInstall_ToAChannelOfAnotherTunnel_IsRefusedAndThatTunnelGoesOn()
    {
        var (d, n) = InstallBoth(leaseId: "tenant/phone-11/1");
        var stray = _device.Channels.TryAllocate(_device)!;

        Assert.Equal(Reason.NotAttached, _table.TryInstall(LeaseOf(300, PeerOf(2, n)), stray, isFromDevice: true, TimeSpan.Zero, out _));
        Assert.Equal(Reason.NotAttached, _table.TryInstall(LeaseOf(300, PeerOf(1, d)), stray, isFromDevice: false, TimeSpan.Zero, out _));

        Assert.Null(stray.Route);
        _table.EndSlot(d, Reason.ClosedByDevice, "", silent: _device);
        Assert.Equal([Reason.ClosedByDevice], _node.Closes);
        Assert.Equal(0, _table.Count);
    }

    [Fact]
    public void TryInstall_OnAChannelThatWasReleased_IsRefused()
    {
        var d = _device.Channels.TryAllocate(_device)!;
        var n = _node.Channels.TryAllocate(_node)!;
        _table.EndSlot(n, Reason.ClosedByNode, "", silent: _node);

        Assert.Equal(Reason.ClosedByNode, _table.TryInstall(LeaseOf(300, PeerOf(1, d)), n, isFromDevice: false, TimeSpan.Zero, out _));

        Assert.Equal(0, _table.Count);
    }

    private static RouteEnd PeerOf(ulong session, ChannelSlot slot) =>
        new() { Session = new SessionRef { SessionId = session }, Channel = slot.Channel.Value };

    private static Lease LeaseOf(uint lifetime, RouteEnd? peer = null, uint idle = 0, ulong byteLimit = 0, string leaseId = LeaseId) => new()
    {
        LeaseId = leaseId,
        Peer = peer ?? new RouteEnd(),
        LifetimeSeconds = lifetime,
        IdleSeconds = idle,
        ByteLimit = byteLimit,
    };

    // Session 1 is the device, 2 the node.
    // As a session does it with a datagram of a far end on TCP.
    private static DropReason Forward(Route route)
    {
        var drop = route.Admit(Payload.Length);
        return drop == DropReason.Unspecified ? route.Send(Payload) : drop;
    }

    private Reason Find(RouteEnd end, out ChannelSlot? slot, out string detail)
    {
        detail = "";
        slot = (end.Session.SessionId == 1 ? _device : _node).Channels.Find(new Channel(end.Channel), out _);
        return slot is null ? Reason.NotAttached : Reason.None;
    }

    private (ChannelSlot Device, ChannelSlot Node) InstallBoth(
        uint lifetime = 300, uint idle = 0, ulong byteLimit = 0, string leaseId = LeaseId)
    {
        var d = _device.Channels.TryAllocate(_device)!;
        var n = _node.Channels.TryAllocate(_node)!;
        Assert.Equal(
            Reason.None, _table.TryInstall(LeaseOf(lifetime, PeerOf(1, d), idle, byteLimit, leaseId), n, false, TimeSpan.Zero, out _));
        Assert.Equal(
            Reason.None, _table.TryInstall(LeaseOf(lifetime, PeerOf(2, n), idle, byteLimit, leaseId), d, true, TimeSpan.Zero, out _));
        return (d, n);
    }
}
