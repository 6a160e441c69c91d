using OrleansUem.Grains.Interfaces;
using OrleansUem.Grains.Inventory;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Grains;

/// <summary>Attach, presence, cuts, edges and enrolment on the embedded host with scripted edges.</summary>
public sealed class PresenceGrainTests
{
    [Fact]
    public async Task Attach_OnTwoEdgesAtOnce_OneGenerationWins()
    {
        await using var host = await GrainHost.StartAsync();
        var edges = new[] { await host.EdgeAsync("edge-1"), await host.EdgeAsync("edge-2") };
        var sessions = Enumerable.Range(1, 20)
            .Select(i => edges[i % 2].Session(host.Identity(PeerRole.Device, "phone"), (ulong)i))
            .ToArray();
        var results = await Task.WhenAll(sessions.Select(session => host.Device().AttachAsync(GrainHost.Facts(session))))
            .WithinAsync("twenty attaches");
        var accepted = results.Count(result => result.Reason == Reason.None);
        Assert.InRange(accepted, 1, 20);
        Assert.All(results, result => Assert.True(result.Reason is Reason.None or Reason.StaleGeneration));
        Assert.Equal(20UL, (await host.Device().GetStatusAsync()).LastGeneration);
    }

    [Fact]
    public async Task Attach_OnAnotherEdge_EndsTheSessionOnTheFirst()
    {
        await using var host = await GrainHost.StartAsync();
        var (first, second) = (await host.EdgeAsync("edge-1"), await host.EdgeAsync("edge-2"));
        await host.AttachDeviceAsync(first, 5);
        var session = second.Session(host.Identity(PeerRole.Device, "phone"), 6);
        var result = await host.Device().AttachAsync(GrainHost.Facts(session));
        Assert.Null(result.Replaced);
        var cut = (await first.ReceivedAsync("the end of the old session", request => request.Cut is not null)).Cut;
        Assert.Equal(("phone", 5UL, 0UL, (uint)Reason.Replaced), (cut.DeviceId, cut.GenerationThrough, cut.Sequence, cut.Reason));
    }

    [Fact]
    public async Task Attach_OnTheSameEdge_NamesTheReplacedSession()
    {
        await using var host = await GrainHost.StartAsync();
        var edge = await host.EdgeAsync("edge-1");
        var old = await host.AttachDeviceAsync(edge, 5);
        var facts = GrainHost.Facts(edge.Session(host.Identity(PeerRole.Device, "phone"), 6));
        Assert.Equal(old, (await host.Device().AttachAsync(facts)).Replaced);
    }

    [Fact]
    public async Task Attach_AfterASilosDeath_StillRefusesTheOldGeneration()
    {
        await using var host = await GrainHost.StartAsync();
        var edge = await host.EdgeAsync("edge-1");
        var session = await host.AttachDeviceAsync(edge, 5);
        await host.ForgetAsync();
        var replayed = await host.Device().AttachAsync(GrainHost.Facts(session));
        Assert.Equal(Reason.None, replayed.Reason);
        var stale = await host.Device().AttachAsync(GrainHost.Facts(session with { SessionId = 99 }));
        Assert.Equal((Reason.StaleGeneration, 5UL), (stale.Reason, stale.LastGeneration));
    }

    [Fact]
    public async Task GetPresence_AfterASilosDeath_AsksTheEdges()
    {
        await using var host = await GrainHost.StartAsync();
        var edge = await host.EdgeAsync("edge-1");
        var session = await host.AttachDeviceAsync(edge, 5);
        await host.ForgetAsync();
        var blind = await host.Device().GetPresenceAsync().WithinAsync("presence without edges");
        Assert.True(blind is { Session: null, IsCertain: false });
        await edge.LinkAsync();
        var found = await host.Device().GetPresenceAsync().WithinAsync("presence");
        Assert.Equal((session, true), (found.Session, found.IsCertain));
        edge.Lose(host.Identity(PeerRole.Device, "phone"));
        await host.Device().DetachAsync(new SessionLoss { Session = session });
        Assert.Null((await host.Device().GetPresenceAsync()).Session);
        Assert.Null(host.Row<PeerRow>("device/").Session);
    }

    [Fact]
    public async Task Detach_OfAnOlderSession_ChangesNothing()
    {
        await using var host = await GrainHost.StartAsync();
        var edge = await host.EdgeAsync("edge-1");
        var old = await host.AttachDeviceAsync(edge, 5);
        var current = await host.AttachDeviceAsync(edge, 6);
        await host.Device().DetachAsync(new SessionLoss { Session = old });
        Assert.Equal(current, (await host.Device().GetPresenceAsync()).Session);
    }

    [Fact]
    public async Task Cut_OfADevice_ReachesAllEdgesAndIsAcknowledged()
    {
        await using var host = await GrainHost.StartAsync();
        var edges = new[] { await host.EdgeAsync("edge-1"), await host.EdgeAsync("edge-2") };
        var session = await host.AttachDeviceAsync(edges[0], 5);
        var result = await host.Device().CutAsync(new PeerCut { Kind = PeerCutKind.Block }).WithinAsync("the cut");
        Assert.Equal((1UL, 2, 2), (result.Sequence, result.EdgesTold, result.EdgesAcknowledged));
        Assert.All(edges, edge => Assert.Equal(1UL, edge.LastCut));
        var refused = await host.Device().AttachAsync(GrainHost.Facts(session with { Generation = 6 }));
        Assert.Equal(Reason.CertificateRevoked, refused.Reason);
        await host.ForgetAsync();
        refused = await host.Device().AttachAsync(GrainHost.Facts(session with { Generation = 7 }));
        Assert.Equal(Reason.CertificateRevoked, refused.Reason);
    }

    [Theory]
    [InlineData(PeerCutKind.Block, Reason.CertificateRevoked)]
    [InlineData(PeerCutKind.RevokeCertificate, Reason.NotAttached)]
    public async Task Open_AfterACutAndASilosDeath_IsRefused(PeerCutKind kind, Reason expected)
    {
        await using var host = await GrainHost.StartAsync();
        var edge = await host.EdgeAsync("edge-1");
        var session = await host.AttachDeviceAsync(edge, 5);
        var certificate = (await host.Device().GetStatusAsync()).CertificateSha256;
        var cut = await host.Device().CutAsync(new PeerCut { Kind = kind, CertificateSha256 = certificate }).WithinAsync("the cut");
        Assert.Equal(Reason.None, cut.Reason);
        await host.ForgetAsync();

        var opened = await host.Device().OpenTunnelAsync(new TunnelOpen
        {
            Device = new RouteEndpoint { Session = session, Channel = 1 },
            RequestId = 1,
        }).WithinAsync("the OPEN of the session that was cut");

        Assert.Equal(expected, opened.Reason);
    }

    [Fact]
    public async Task Cut_MissedByAnEdge_ArrivesInOrderWithItsNextLink()
    {
        await using var host = await GrainHost.StartAsync();
        var edge = await host.EdgeAsync("edge-1");
        await host.AttachDeviceAsync(edge, 5);
        await host.Grains.GetGrain<IEdgeGrain>("edge-1").UnlinkAsync(edge.LinkId);
        for (var i = 0; i < 70; i++)
        {
            await host.Device().CutAsync(new PeerCut { Kind = PeerCutKind.EndSession }).WithinAsync($"cut {GrainHost.Text((ulong)i)}");
        }

        var linked = await edge.LinkAsync();
        Assert.Equal((64, 64UL, false), (linked.Cuts.Length, linked.LastCut, linked.Resync));
        Assert.Equal(Enumerable.Range(1, 64).Select(i => (ulong)i), linked.Cuts.Select(cut => cut.Sequence));
        await edge.ReceivedAsync("the last cut", request => request.Cut?.Sequence == 70);
        Assert.Equal(
            Enumerable.Range(65, 6).Select(i => (ulong)i),
            edge.Requests.Where(request => request.Cut is not null).Select(request => request.Cut.Sequence));
    }

    [Fact]
    public async Task Cut_OfTheTenant_StopsItsRoots()
    {
        await using var host = await GrainHost.StartAsync();
        var edge = await host.EdgeAsync("edge-1");
        Assert.Single((await host.Tenant.GetRootsAsync()).Roots);
        Assert.Equal(1, (await host.Tenant.CutAsync().WithinAsync("the cut")).EdgesAcknowledged);
        Assert.Equal(Reason.CutByAdmin, (await host.Tenant.GetRootsAsync()).Reason);
        Assert.Equal(host.TenantId.Text, (await edge.ReceivedAsync("the cut", request => request.Cut is not null)).Cut.TenantId);
        await host.Tenant.RestoreAsync();
        Assert.Equal(host.Root.ToArray(), Assert.Single((await host.Tenant.GetRootsAsync()).Roots).ToArray());
    }

    [Fact]
    public async Task Register_AnotherTenantsRoot_IsRefused()
    {
        await using var host = await GrainHost.StartAsync();
        using var other = new TestAuthority("Other root");
        var stolen = await host.Tenant.RegisterAsync(new TenantRegistration { Root = other.Authority.Root.RawData, Name = "Acme" });
        Assert.Equal(Reason.BadRequest, stolen.Reason);
        var renamed = await host.Tenant.RegisterAsync(new TenantRegistration { Root = host.Root, Name = "Acme Ltd" });
        Assert.Equal(Reason.None, renamed.Reason);
        Assert.Equal("Acme Ltd", (await host.Tenant.GetStatusAsync()).Name);
    }

    [Fact]
    public async Task Enrol_TwoNodes_ReachesTheOneThatKnowsTheActivation()
    {
        await using var host = await GrainHost.StartAsync();
        var edge = await host.EdgeAsync("edge-1");
        await host.AttachNodeAsync(edge, 20);
        var second = await host.AttachNodeAsync(edge, 21, "node-2");
        edge.Script = request => request.EnrolAtNode is not { } enrol ? null : new ControlAnswer
        {
            EnrolledAtNode = new EnrolledAtNode
            {
                Answer = Google.Protobuf.MessageExtensions.ToByteString(new EnrolAnswer
                {
                    Reason = enrol.NodeSessionId == second.SessionId ? 0 : (uint)Reason.UnknownActivation,
                    Answer = enrol.Enrol,
                }),
            },
        };
        var result = await host.Tenant.EnrolAsync(new EnrolmentRequest { Enrol = new byte[] { 1, 2, 3 } }).WithinAsync("the enrolment");
        Assert.Equal(Reason.None, result.Reason);
        Assert.Equal([1, 2, 3], EnrolAnswer.Parser.ParseFrom(result.Answer.Span).Answer.ToByteArray());
    }

    [Fact]
    public async Task PickNode_AfterASilosDeath_FindsNodesByOneLocate()
    {
        await using var host = await GrainHost.StartAsync();
        var edge = await host.EdgeAsync("edge-1");
        await host.AttachNodeAsync(edge, 20);
        await host.AttachNodeAsync(edge, 21, "node-2");
        await host.ForgetAsync();
        await edge.LinkAsync();
        var before = edge.Requests.Count(request => request.Locate is not null);
        var picks = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => host.Tenant.PickNodeAsync(new NodeChoice())))
            .WithinAsync("four picks");
        Assert.Equal(2, picks.Select(pick => pick.NodeId).Distinct().Count());
        Assert.Equal(before + 1, edge.Requests.Count(request => request.Locate is not null));
    }

    [Fact]
    public async Task Ask_WithoutALink_IsNoSilo()
    {
        await using var host = await GrainHost.StartAsync();
        var question = new EdgeQuestion { Body = new ControlRequest().ToByteArrayOf(), TimeoutMs = 1_000 };
        Assert.Equal(Reason.NoSilo, (await host.Grains.GetGrain<IEdgeGrain>("edge-9").AskAsync(question).WithinAsync("NoSilo")).Reason);
    }

    [Fact]
    public async Task Ask_LinkDies_MovesToTheOtherLinkAndTimesOutWithoutAnswer()
    {
        await using var host = await GrainHost.StartAsync();
        var spare = new ScriptedEdge(host.Grains, "edge-1") { LinkId = "spare" };
        await spare.LinkAsync();
        host.Clock.Advance(TimeSpan.FromSeconds(1));
        var first = await host.EdgeAsync("edge-1");
        first.IsSilent = true;
        var grain = host.Grains.GetGrain<IEdgeGrain>("edge-1");
        var asking = grain.AskAsync(new EdgeQuestion { Body = new ControlRequest { Locate = new Locate() }.ToByteArrayOf(), TimeoutMs = 5_000 });
        await first.ReceivedAsync("the request", request => request.Locate is not null);
        await grain.UnlinkAsync(first.LinkId);
        Assert.Equal(Reason.None, (await asking.WithinAsync("the answer over the spare link")).Reason);

        spare.IsSilent = true;
        var waiting = grain.AskAsync(new EdgeQuestion { Body = new ControlRequest { Cut = new Cut() }.ToByteArrayOf(), TimeoutMs = 5_000 });
        await spare.ReceivedAsync("the second request", request => request.Cut is not null);
        host.Clock.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(Reason.ControlTimeout, (await waiting.WithinAsync("the timeout")).Reason);
        Assert.Equal(0, (await grain.GetStatusAsync()).Outstanding);
    }

    [Fact]
    public async Task Refresh_OfARemovedEdge_IsRefused()
    {
        await using var host = await GrainHost.StartAsync();
        var edge = await host.EdgeAsync("edge-1");
        var grain = host.Grains.GetGrain<IEdgeGrain>("edge-1");
        await grain.RemoveAsync();
        Assert.Equal(Reason.CertificateRevoked, (await edge.RefreshAsync()).Reason);
        Assert.Equal(Reason.CertificateRevoked, (await edge.LinkAsync()).Reason);
        Assert.Equal(Reason.None, (await grain.RegisterAsync(new EdgeRegistration { KeySha256 = "k1" })).Reason);
        Assert.Equal(Reason.AlreadyRegistered, (await grain.RegisterAsync(new EdgeRegistration { KeySha256 = "k2" })).Reason);
        Assert.Equal(Reason.None, (await edge.LinkAsync()).Reason);
    }

    [Fact]
    public async Task Refresh_AfterASilosDeath_LinksAgain()
    {
        await using var host = await GrainHost.StartAsync();
        var edge = await host.EdgeAsync("edge-1");
        await host.ForgetAsync();
        Assert.Equal(Reason.None, (await edge.RefreshAsync()).Reason);
        Assert.Equal("silo-1", Assert.Single((await host.Grains.GetGrain<IEdgeGrain>("edge-1").GetStatusAsync()).Silos));
        edge.ProcessId = "p2";
        edge.LinkId = "link-2";
        await edge.LinkAsync();
        Assert.NotNull(host.Row<EdgeRow>("edge/").SessionsGoneAt);
    }
}
