using OrleansUem.Grains;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Grains.Inventory;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Grains;

public sealed class TunnelGrainTests
{
    [Fact]
    public async Task Open_WithAnAttachedNode_LeasesBothEnds()
    {
        await using var host = await GrainHost.StartAsync();
        var (edge, device, node) = await AttachedAsync(host);
        var opened = await OpenAsync(host, device, 1);
        Assert.Equal(Reason.None, opened.Reason);
        Assert.Equal((1UL, "node-1"), (opened.TunnelId, opened.NodeId));
        var offer = (await edge.ReceivedAsync("the offer", request => request.OfferTunnel is not null)).OfferTunnel;
        Assert.Equal((0U, 41U), (offer.Lease.Local.Channel, offer.Lease.Peer.Channel));
        Assert.Equal(node, opened.Lease!.Peer.Session);
        Assert.True(opened.Lease.Peer.Channel > 100);
        Assert.Equal(TunnelPhase.Open, host.Row<TunnelRow>("tunnel/").Phase);
        Assert.Equal(1, (await host.Node().GetStatusAsync()).TunnelCount);
    }

    [Fact]
    public async Task Open_SameRequestTwiceAtOnce_OffersOnce()
    {
        await using var host = await GrainHost.StartAsync();
        var (edge, device, _) = await AttachedAsync(host);
        var both = await Task.WhenAll(OpenAsync(host, device, 1), OpenAsync(host, device, 1));
        Assert.Equal(both[0].Lease!.Peer.Channel, both[1].Lease!.Peer.Channel);
        Assert.Single(edge.Requests, request => request.OfferTunnel is not null);
    }

    [Fact]
    public async Task Open_Second_ReplacesTheFirst()
    {
        await using var host = await GrainHost.StartAsync();
        var (edge, device, _) = await AttachedAsync(host);
        await OpenAsync(host, device, 1);
        var second = await OpenAsync(host, device, 2);
        Assert.Equal((Reason.None, 2UL), (second.Reason, second.TunnelId));
        var end = await edge.ReceivedAsync("the end of the first", request => request.EndTunnel is not null);
        Assert.EndsWith("/phone/1", end.EndTunnel.LeaseId, StringComparison.Ordinal);
        Assert.Equal((uint)Reason.TunnelReplaced, end.EndTunnel.Reason);
        Assert.Equal(Reason.TunnelReplaced, await host.RenewAsync("edge-1", 1, true));
        Assert.Equal(Reason.None, await host.RenewAsync("edge-1", 2, true));
    }

    [Fact]
    public async Task Open_WithoutANode_SaysSo()
    {
        await using var host = await GrainHost.StartAsync();
        var edge = await host.EdgeAsync("edge-1");
        var device = await host.AttachDeviceAsync(edge, 5);
        Assert.Equal(Reason.NoNode, (await OpenAsync(host, device, 1)).Reason);
    }

    [Fact]
    public async Task Open_FromAnOldSession_IsNotAttached()
    {
        await using var host = await GrainHost.StartAsync();
        var (edge, old, _) = await AttachedAsync(host);
        await host.AttachDeviceAsync(edge, 6);
        Assert.Equal(Reason.NotAttached, (await OpenAsync(host, old, 1)).Reason);
    }

    [Fact]
    public async Task Open_NodeRefuses_TriesTheOtherNode()
    {
        await using var host = await GrainHost.StartAsync();
        var (edge, device, first) = await AttachedAsync(host);
        await host.AttachNodeAsync(edge, 21, "node-2");
        edge.Script = request => request.OfferTunnel?.NodeSessionId == first.SessionId
            ? new ControlAnswer { Reason = (uint)Reason.NodeRefused }
            : null;
        var opened = await OpenAsync(host, device, 1);
        Assert.Equal((Reason.None, "node-2"), (opened.Reason, opened.NodeId));
    }

    [Fact]
    public async Task Open_NodeAtItsLimit_IsRefused()
    {
        await using var host = await GrainHost.StartAsync(new GrainOptions { MaxTunnelsPerNode = 1 });
        var (edge, device, _) = await AttachedAsync(host);
        await OpenAsync(host, device, 1);
        var other = await host.AttachDeviceAsync(edge, 5, "laptop");
        var refused = await host.Device("laptop").OpenTunnelAsync(GrainHost.Open(other, 1)).WithinAsync("the refusal");
        Assert.Equal(Reason.TunnelLimit, refused.Reason);
    }

    [Fact]
    public async Task Open_EndedWhileTheNodeThinks_EndsTheLateLease()
    {
        await using var host = await GrainHost.StartAsync();
        var (edge, device, _) = await AttachedAsync(host);
        await host.Tenant.PickNodeAsync(new NodeChoice()).WithinAsync("the tenant learns its nodes");
        edge.IsSilent = true;
        var opening = OpenAsync(host, device, 1);
        await edge.ReceivedAsync("the offer", request => request.OfferTunnel is not null);
        edge.IsSilent = false;
        Assert.True(await host.Tunnel().EndAsync(new TunnelEnd { Reason = Reason.CutByAdmin }).WithinAsync("the end"));
        await edge.ReceivedAsync("the end at the node", request => request.EndTunnel?.Reason == (uint)Reason.CutByAdmin);
        host.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(Reason.CutByAdmin, (await opening).Reason);
        Assert.Equal(TunnelPhase.Closed, (await host.Tunnel().GetStatusAsync()).Phase);
    }

    [Fact]
    public async Task Renew_AfterASilosDeath_IsOpenAgainAndCounted()
    {
        await using var host = await GrainHost.StartAsync();
        var (edge, device, _) = await AttachedAsync(host);
        await OpenAsync(host, device, 1);
        await host.ForgetAsync();
        await edge.LinkAsync();
        Assert.Equal(TunnelPhase.Recalled, (await host.Tunnel().GetStatusAsync()).Phase);
        Assert.Equal(Reason.None, await host.RenewAsync("edge-1", 1, true));
        Assert.Equal(Reason.NotPermitted, await host.RenewAsync("edge-2", 1, false));
        Assert.Equal(Reason.None, await host.RenewAsync("edge-1", 1, false));
        Assert.Equal(TunnelPhase.Open, (await host.Tunnel().GetStatusAsync()).Phase);
        var again = await OpenAsync(host, device, 2);
        Assert.Equal((Reason.None, 2UL), (again.Reason, again.TunnelId));
    }

    [Fact]
    public async Task Renew_OfATunnelEndedBeforeASilosDeath_IsRefused()
    {
        await using var host = await GrainHost.StartAsync();
        var (_, device, _) = await AttachedAsync(host);
        await OpenAsync(host, device, 1);
        await host.Tunnel().EndAsync(new TunnelEnd { Reason = Reason.CutByAdmin });
        await host.ForgetAsync();
        Assert.Equal(Reason.CutByAdmin, await host.RenewAsync("edge-1", 1, true));
    }

    [Fact]
    public async Task Ended_ByTheDevicesEdge_TellsTheNodesEdgeAndCounts()
    {
        await using var host = await GrainHost.StartAsync();
        var near = await host.EdgeAsync("edge-1");
        var far = await host.EdgeAsync("edge-2");
        var device = await host.AttachDeviceAsync(near, 5);
        await host.AttachNodeAsync(far, 20);
        await OpenAsync(host, device, 1);
        await host.Tunnel().EndedAsync(GrainHost.Report("edge-1", 1, true, Reason.Idle));
        var end = await far.ReceivedAsync("the end", request => request.EndTunnel is not null);
        Assert.Equal((uint)Reason.Idle, end.EndTunnel.Reason);
        var row = host.Row<TunnelRow>("tunnel/");
        Assert.Equal((10UL, 20UL, Reason.Idle), (row.BytesFromDevice, row.BytesToDevice, row.EndReason));
    }

    /// <summary>What each side's edge says of its own hop; the other hop stays as it was.</summary>
    [Fact]
    public async Task Renew_ReportsThePathOfEachHop()
    {
        await using var host = await GrainHost.StartAsync();
        var (_, device, _) = await AttachedAsync(host);
        await OpenAsync(host, device, 1);
        Assert.Equal(("", ""), PathsOf(host));
        await host.Tunnel().RenewAsync(OverUdp(GrainHost.Report("edge-1", 1, true)));
        Assert.Equal(("udp", ""), PathsOf(host));
        await host.RenewAsync("edge-1", 1, false);
        Assert.Equal(("udp", "tcp"), PathsOf(host));

        static LeaseReports OverUdp(LeaseReports reports) => reports with { Leases = [.. reports.Leases.Select(static lease => lease with { IsOverUdp = true })] };
        static (string, string) PathsOf(GrainHost host) => host.Row<TunnelRow>("tunnel/") is var row ? (row.DevicePath, row.NodePath) : default;
    }

    [Fact]
    public async Task Detach_OfTheNode_EndsItsTunnels()
    {
        await using var host = await GrainHost.StartAsync();
        var (edge, device, node) = await AttachedAsync(host);
        await OpenAsync(host, device, 1);
        edge.Lose(host.Identity(PeerRole.Node, "node-1"));
        await host.Node().DetachAsync(new SessionLoss { Session = node, Reason = Reason.ConnectionLost });
        await edge.ReceivedAsync("the end of the tunnel", request => request.EndTunnel?.Reason == (uint)Reason.NodeLost);
        Assert.Equal(Reason.NodeLost, await host.RenewAsync("edge-1", 1, true));
        Assert.Equal(Reason.NoNode, (await OpenAsync(host, device, 2)).Reason);
    }

    [Fact]
    public async Task Open_NodesEdgeForgotIt_FindsItElsewhere()
    {
        await using var host = await GrainHost.StartAsync();
        var (edge, device, _) = await AttachedAsync(host);
        edge.Lose(host.Identity(PeerRole.Node, "node-1"));
        var refused = await OpenAsync(host, device, 1);
        Assert.Equal(Reason.NodeLost, refused.Reason);
        await host.AttachNodeAsync(edge, 22);
        Assert.Equal(Reason.None, (await OpenAsync(host, device, 2)).Reason);
    }

    private static async Task<(ScriptedEdge Edge, SessionKey Device, SessionKey Node)> AttachedAsync(GrainHost host)
    {
        var edge = await host.EdgeAsync("edge-1");
        return (edge, await host.AttachDeviceAsync(edge, 5), await host.AttachNodeAsync(edge, 20));
    }

    private static Task<TunnelOpenResult> OpenAsync(GrainHost host, SessionKey device, uint request) =>
        host.Device().OpenTunnelAsync(GrainHost.Open(device, request)).WithinAsync($"the answer to OPEN {request}");
}
