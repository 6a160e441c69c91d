using Google.Protobuf;
using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Edge;

/// <summary>Attach on real sockets: accepted, and refused for each reason.</summary>
public sealed class EdgeAttachTests
{
    [Fact]
    public async Task Attach_ValidDevice_IsAttachedAndLocated()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var own = edge.Issue(PeerRole.Device, "phone-1");
        var device = await ScriptedPeer.DialAsync(edge, Alpn.Device, own);

        var attached = await device.AttachAsync(own, generation: 7);

        Assert.Equal(7UL, attached.Generation);
        var request = await edge.Silo.NextAsync(ControlRequest.BodyOneofCase.Attach);
        Assert.Equal(("127.0.0.1", "tcp", attached.SessionId), (request.Attach.Address, request.Attach.Transport, request.Attach.SessionId));
        var located = await edge.Silo.AskAsync(new ControlRequest
        {
            Locate = new Locate { Identities = { own.Identity.ToString(), own.Identity + "x" } },
        });
        Assert.Equal(attached.SessionId, Assert.Single(located.Located.Present).SessionId);
    }

    [Theory]
    [InlineData("no certificate", Reason.CertificateMissing)]
    [InlineData("unknown tenant", Reason.UnknownTenant)]
    [InlineData("wrong role", Reason.CertificateWrongRole)]
    [InlineData("other certificate", Reason.CertificateWrongName)]
    [InlineData("expired", Reason.CertificateExpired)]
    [InlineData("version", Reason.UnsupportedVersion)]
    [InlineData("short tag", Reason.MalformedFrame)]
    [InlineData("long software", Reason.MalformedFrame)]
    [InlineData("claim is no claim", Reason.MalformedFrame)]
    public async Task Attach_Faulty_IsClosedWithReason(string fault, Reason expected)
    {
        await using var edge = await EdgeFixture.StartAsync();
        using var stranger = new TestAuthority("Stranger");
        var own = edge.IssueWith(fault, stranger);
        var device = await ScriptedPeer.DialAsync(edge, Alpn.Device, fault == "no certificate" ? null : own);

        device.SendAttach(fault == "other certificate" ? edge.Issue(PeerRole.Device, "phone-2") : own, change: attach =>
        {
            attach.Version = fault == "version" ? 99 : attach.Version;
            attach.TenantTag = fault == "short tag" ? ByteString.Empty : attach.TenantTag;
            attach.Software = fault == "long software" ? new string('x', AttachClaims.MaxSoftwareCharacters + 1) : attach.Software;
            attach.Claim = fault == "claim is no claim" ? ByteString.CopyFromUtf8("\u00ff\u00ff") : attach.Claim;
        });

        var end = await device.EndAsync();
        Assert.Equal((expected, true), (end.Reason, end.IsByPeer));
        Assert.Equal(0, edge.Silo.CountOf(ControlRequest.BodyOneofCase.Attach));
    }

    [Fact]
    public async Task Attach_CertificateOfAnotherCaForTheSameTenant_IsUntrusted()
    {
        // The silo hands out the stranger's root under the tenant's name: the edge compares fingerprints itself.
        await using var edge = await EdgeFixture.StartAsync();
        using var stranger = new TestAuthority("Stranger");
        edge.Silo.Override = request => request.BodyCase != ControlRequest.BodyOneofCase.TenantBundle ? null : new ControlAnswer
        {
            TenantBundle = new TenantBundle { Roots = { ByteString.CopyFrom(edge.Tenant.Authority.Root.RawData) }, LifetimeSeconds = 60 },
        };
        var own = edge.Issue(PeerRole.Device, "phone-1", stranger);
        var device = await ScriptedPeer.DialAsync(edge, Alpn.Device, own);

        device.SendAttach(own);

        Assert.Equal(Reason.UnknownTenant, (await device.EndAsync()).Reason);
    }

    [Fact]
    public async Task Attach_RefusedBySilo_CarriesReasonGenerationAndClock()
    {
        await using var edge = await EdgeFixture.StartAsync();
        edge.Silo.Override = request => request.BodyCase != ControlRequest.BodyOneofCase.Attach ? null : new ControlAnswer
        {
            Reason = (uint)Reason.StaleGeneration,
            Attached = new SessionAttached { LastGeneration = 41, ServerTimeUnixMs = 5 },
        };
        var own = edge.Issue(PeerRole.Device, "phone-1");
        var device = await ScriptedPeer.DialAsync(edge, Alpn.Device, own);

        device.SendAttach(own);

        var end = await device.EndAsync();
        Assert.Equal((Reason.StaleGeneration, 41UL, 5L), (end.Reason, end.PeerClose!.LastGeneration, end.PeerClose.ServerTimeUnixMs));
    }

    [Fact]
    public async Task Attach_NewerGeneration_ReplacesTheOlderSession()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var own = edge.Issue(PeerRole.Device, "phone-1");
        var older = await edge.AttachDeviceAsync(generation: 1, own: own);

        await edge.AttachDeviceAsync(generation: 2, own: own);

        Assert.Equal(Reason.Replaced, (await older.EndAsync()).Reason);
        var ended = await edge.Silo.NextAsync(ControlRequest.BodyOneofCase.SessionsEnded);
        Assert.Equal((1UL, (uint)Reason.Replaced), (ended.SessionsEnded.Sessions[0].Generation, ended.SessionsEnded.Sessions[0].Reason));
    }

    [Fact]
    public async Task Attach_NotSentInTime_IsHandshakeTimeout()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var device = await ScriptedPeer.DialAsync(edge, Alpn.Device, edge.Issue(PeerRole.Device, "phone-1"));

        edge.Time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(Reason.HandshakeTimeout, (await device.EndAsync()).Reason);
    }

    [Fact]
    public async Task Attach_WithoutSilo_IsNoSiloWithRetryTime()
    {
        await using var edge = await EdgeFixture.StartAsync();
        edge.Silo.Override = request => ControlBodies.Refusal(Reason.NoSilo);
        edge.Silo.BreakLink();
        var own = edge.Issue(PeerRole.Device, "phone-1");
        var device = await ScriptedPeer.DialAsync(edge, Alpn.Device, own);

        device.SendAttach(own);

        var end = await device.EndAsync();
        Assert.Equal(Reason.NoSilo, end.Reason);
        Assert.InRange(end.PeerClose!.RetryAfterMs, 1_000U, 5_000U);
    }

    [Fact]
    public async Task Attach_SecondDeviceOfTenant_UsesTheCachedBundle()
    {
        await using var edge = await EdgeFixture.StartAsync();

        await edge.AttachDeviceAsync("phone-1");
        await edge.AttachDeviceAsync("phone-2");

        Assert.Equal(1, edge.Silo.CountOf(ControlRequest.BodyOneofCase.TenantBundle));
    }

    [Theory]
    [InlineData(FrameType.Open, 0U, 0, Reason.UnexpectedFrame)]
    [InlineData(FrameType.Datagram, 1U, 8, Reason.UnexpectedFrame)]
    [InlineData((FrameType)0x7F, 0U, 0, Reason.UnknownFrame)]
    [InlineData(FrameType.Unspecified, 0U, 0, Reason.MalformedFrame)]
    [InlineData(FrameType.Attach, 0U, FrameLimits.MaxUnattachedPayloadBytes + 1, Reason.FrameTooLong)]
    [InlineData(FrameType.Attach, 0U, 3, Reason.MalformedFrame)]
    public async Task BeforeAttach_FrameNotAllowed_ClosesWithReason(FrameType type, uint channel, int payloadBytes, Reason expected)
    {
        await using var edge = await EdgeFixture.StartAsync();
        var device = await ScriptedPeer.DialAsync(edge, Alpn.Device, edge.Issue(PeerRole.Device, "phone-1"));
        var frame = new byte[FrameLimits.HeaderBytes + payloadBytes];
        frame.AsSpan().Fill(0xFF);
        new FrameHeader(type, FrameFlags.None, payloadBytes, new Channel(channel)).Write(frame);

        device.Connection.TrySendFrame(frame);

        Assert.Equal(expected, (await device.EndAsync()).Reason);
    }

    [Fact]
    public async Task BeforeAttach_UnknownOptionalFrame_IsIgnored()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var own = edge.Issue(PeerRole.Device, "phone-1");
        var device = await ScriptedPeer.DialAsync(edge, Alpn.Device, own);
        var frame = new byte[FrameLimits.HeaderBytes];
        new FrameHeader((FrameType)0x7F, FrameFlags.Optional, 0, Channel.Session).Write(frame);

        device.Connection.TrySendFrame(frame);

        Assert.Equal(1UL, (await device.AttachAsync(own)).Generation);
    }
}
