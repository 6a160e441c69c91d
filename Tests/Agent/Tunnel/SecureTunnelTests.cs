using OrleansUem.Agent.Tunnel;
using OrleansUem.Agent.Uplink;
using OrleansUem.Dtls;
using OrleansUem.Dtls.Records;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using OrleansUem.Tests.Protocol.Tunnel;
using Xunit;

namespace OrleansUem.Tests.Agent.Tunnel;

public sealed class SecureTunnelTests
{
    private static readonly byte[] Packet = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 10, 64, 0, 2, 10, 1, 0, 1];

    [Fact]
    public void Start_GoodPeers_SecuredConfiguredAndPacketsPassBothWays()
    {
        using var pair = new TunnelPair();
        pair.Up();
        Assert.Equal(["secured", "configured"], pair.DeviceEnd.Events);
        Assert.Equal(["secured", "configured"], pair.NodeEnd.Events);
        Assert.Equal("node-1", pair.DeviceEnd.Security!.Peer.Name);
        Assert.Equal("laptop-1", pair.NodeEnd.Security!.Peer.Name);
        Assert.StartsWith("ECDHE-ECDSA-AES", pair.NodeEnd.Security.CipherSuite, StringComparison.Ordinal);
        Assert.Equal(pair.NodeEnd.Configuration!.Address, pair.DeviceEnd.Configuration!.Address);

        Assert.Equal(DropReason.Unspecified, pair.Device.SendPacket(Packet));
        Assert.Equal(DropReason.Unspecified, pair.Node.SendPacket(Packet));
        Assert.True(pair.RunUntil(() => pair.DeviceEnd.Packets.Count == 1 && pair.NodeEnd.Packets.Count == 1, 1_000));
        Assert.Equal(Packet, pair.NodeEnd.Packets[0]);
        Assert.Equal(new TunnelTotals(1, 20, 1, 20), pair.Device.Totals);
    }

    [Fact]
    public void Start_LossyLink_ComesUpForEverySeed()
    {
        for (var seed = 0; seed < 12; seed++)
        {
            using var pair = new TunnelPair(seed, loss: 0.2);
            pair.Start();
            Assert.True(
                pair.RunUntil(() => pair.Device.State == TunnelState.Up && pair.Node.State == TunnelState.Up),
                $"seed {seed}: device {pair.Device.State} {pair.DeviceEnd.End}, node {pair.Node.State} {pair.NodeEnd.End}");
        }
    }

    [Fact]
    public void Start_NodesCertificateOfAnotherName_DeviceFails() =>
        Fails(new TunnelPair(expectedNode: "node-2"), atDevice: true, "CertificateWrongName");

    [Fact]
    public void Start_DevicesCertificateOfAnotherName_NodeFails() =>
        Fails(new TunnelPair(expectedDevice: "laptop-2"), atDevice: false, "CertificateWrongName");

    [Fact]
    public void Start_DeviceRevoked_NodeFails() =>
        Fails(new TunnelPair(isDeviceRevoked: () => true), atDevice: false, "CertificateRevoked");

    [Fact]
    public void Start_RevocationCheckThrows_NodeFails() =>
        Fails(new TunnelPair(isDeviceRevoked: () => throw new InvalidOperationException("test")), atDevice: false, "");

    [Fact]
    public void Start_NodeOfAnotherTenant_DeviceFails()
    {
        using var other = new TestAuthority("Other");
        Fails(new TunnelPair(nodeCredentials: other.Issue(PeerRole.Node, "node-1")), atDevice: true, "CertificateUntrusted");
    }

    [Fact]
    public void Start_DeviceOfAnotherTenant_NodeFails()
    {
        using var other = new TestAuthority("Other");
        Fails(new TunnelPair(deviceCredentials: other.Issue(PeerRole.Device, "laptop-1")), atDevice: null, "CertificateUntrusted");
    }

    [Theory]
    [InlineData(PeerRole.Device)]
    [InlineData(PeerRole.Node)]
    public void Start_FarEndPosesInTheOtherRole_Fails(PeerRole ownRole)
    {
        using var authority = new TestAuthority();
        using var timer = new TunnelTimer(new ManualTimeProvider(TestAuthority.Epoch));
        using var own = authority.Issue(ownRole, "a");

        // The tenant's own root, the right name, the wrong role: a stolen device's key playing the node, or the other way round.
        using var stolen = authority.Issue(ownRole, "b");
        using var contexts = TunnelContexts.Create(own);
        using var impostor = new RawDtlsEnd(stolen, ownRole == PeerRole.Device ? DtlsRole.Server : DtlsRole.Client);
        var end = new TunnelEnd();
        var tunnel = new SecureTunnel(contexts, timer, new TunnelPeer("b"), end);
        impostor.Session.Start(TimeSpan.Zero);
        tunnel.Start();
        for (var i = 0; i < 20 && end.End is null; i++)
        {
            while (end.Outbox.TryDequeue(out var datagram))
            {
                impostor.Receive(datagram);
            }

            while (impostor.Outbox.TryDequeue(out var datagram))
            {
                tunnel.OnDatagram(datagram);
            }
        }

        Assert.Equal(Reason.EndToEndFailed, end.End!.Value.Reason);
        Assert.Contains("CertificateWrongRole", end.End.Value.Detail, StringComparison.Ordinal);
        Assert.Null(end.Security);
    }

    [Fact]
    public void SendPacket_ChannelFull_SaysSoAndTheTunnelLives()
    {
        using var pair = new TunnelPair();
        pair.Up();
        pair.DeviceEnd.IsChannelFull = true;
        Assert.Equal(DropReason.QueueFull, pair.Device.SendPacket(Packet));
        pair.DeviceEnd.IsChannelFull = false;
        Assert.Equal(DropReason.Unspecified, pair.Device.SendPacket(Packet));
        Assert.True(pair.RunUntil(() => pair.NodeEnd.Packets.Count == 1, 1_000));
    }

    [Fact]
    public void SendPacket_LongerThanAgreed_Oversize()
    {
        using var pair = new TunnelPair(deviceMtuBytes: 1_280);
        pair.Up();
        Assert.Equal(DropReason.Unspecified, pair.Node.SendPacket([0x45, .. new byte[1_279]]));
        Assert.Equal(DropReason.Oversize, pair.Node.SendPacket([0x45, .. new byte[1_280]]));
    }

    [Fact]
    public void OnDatagram_Garbage_CountedAndTheTunnelLives()
    {
        using var pair = new TunnelPair();
        pair.Up();
        var random = new Random(5);
        for (var i = 0; i < 300; i++)
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            pair.Node.OnDatagram(bytes);
        }

        pair.Node.OnDatagram(new byte[16_641]);
        Assert.Contains(DropReason.RecordRejected, pair.NodeEnd.Drops);
        Assert.Contains(DropReason.Oversize, pair.NodeEnd.Drops);
        pair.Device.SendPacket(Packet);
        Assert.True(pair.RunUntil(() => pair.NodeEnd.Packets.Count == 1, 1_000));
    }

    [Fact]
    public void OnDatagram_Replayed_DeliveredOnce()
    {
        using var pair = new TunnelPair();
        pair.Up();
        pair.Device.SendPacket(Packet);
        var record = pair.DeviceEnd.Outbox.Peek();
        pair.Node.OnDatagram(record);
        pair.Node.OnDatagram(record);
        Assert.Single(pair.NodeEnd.Packets);
    }

    [Fact]
    public void OnDatagram_RecordsThenRubbish_RecordsDeliveredAndRubbishCounted()
    {
        using var pair = new TunnelPair();
        pair.Up();
        pair.Device.SendPacket(Packet);
        pair.Node.OnDatagram([.. pair.DeviceEnd.Outbox.Dequeue(), 1, 2, 3]);
        Assert.Single(pair.NodeEnd.Packets);
        Assert.Equal([DropReason.RecordRejected], pair.NodeEnd.Drops);
    }

    [Fact]
    public void OnDatagram_WholeHandshakeAgain_SendsNothingAndTheTunnelLives()
    {
        using var pair = new TunnelPair();
        List<(SecureTunnel To, byte[] Datagram)> handshake = [];
        pair.OnSent = (to, datagram) => handshake.Add((to, datagram));
        pair.Up();
        pair.OnSent = null;
        foreach (var (to, datagram) in handshake)
        {
            to.OnDatagram(datagram);
        }

        Assert.Empty(pair.DeviceEnd.Outbox);
        Assert.Empty(pair.NodeEnd.Outbox);
        pair.Device.SendPacket(Packet);
        pair.Node.SendPacket(Packet);
        Assert.True(pair.RunUntil(() => pair.DeviceEnd.Packets.Count == 1 && pair.NodeEnd.Packets.Count == 1, 1_000));
    }

    [Theory]
    [InlineData(0, Reason.ClosedByDevice)]
    [InlineData(80, Reason.EndToEndFailed)]
    public void OnDatagram_AlertOfTheFarEnd_EndsTheTunnel(byte alert, Reason expected)
    {
        using var authority = new TestAuthority();
        using var timer = new TunnelTimer(new ManualTimeProvider(TestAuthority.Epoch));
        using var own = authority.Issue(PeerRole.Node, "node-1");
        using var theirs = authority.Issue(PeerRole.Device, "laptop-1");
        using var contexts = TunnelContexts.Create(own);
        using var device = new RawDtlsEnd(theirs, DtlsRole.Client);
        var end = new TunnelEnd { Admission = TunnelAdmission.WithOffer(TunnelSamples.Small) };
        var node = new SecureTunnel(contexts, timer, new TunnelPeer("laptop-1"), end);
        node.Start();
        device.Session.Start(TimeSpan.Zero);
        while (device.Session.State != DtlsState.Established)
        {
            while (device.Outbox.TryDequeue(out var datagram))
            {
                node.OnDatagram(datagram);
            }

            while (end.Outbox.TryDequeue(out var datagram))
            {
                device.Receive(datagram);
            }
        }

        using var opener = device.Session.TakeOpener();
        using var sealer = device.Session.TakeSealer();
        var record = new byte[RecordSealer.OverheadBytes + 2];
        sealer.SealAlert(alert, record);
        node.OnDatagram(record);
        Assert.Equal(expected, end.End!.Value.Reason);
        Assert.True(alert == 0 || end.End.Value.Detail.Contains("alert 80: internal_error", StringComparison.Ordinal), end.End.Value.Detail);
    }

    [Fact]
    public void OnDatagram_ManyRecordsInOne_AllDelivered()
    {
        using var pair = new TunnelPair();
        pair.Up();
        byte[] records = [];
        for (var i = 0; i < 5; i++)
        {
            pair.Device.SendPacket(Packet);
            records = [.. records, .. pair.DeviceEnd.Outbox.Dequeue()];
        }

        pair.Node.OnDatagram(records);
        Assert.Equal(5, pair.NodeEnd.Packets.Count);
    }

    [Fact]
    public void Close_AtTheNode_DeviceLearnsReasonAndDetail()
    {
        using var pair = new TunnelPair();
        pair.Up();
        pair.Node.Close(Reason.CertificateRevoked, "the device was revoked");
        Assert.Equal((Reason.CertificateRevoked, "the device was revoked", false), pair.NodeEnd.End);
        Assert.True(pair.RunUntil(() => pair.DeviceEnd.End is not null, 1_000));
        Assert.Equal((Reason.CertificateRevoked, "the device was revoked", true), pair.DeviceEnd.End);
        Assert.Equal(DropReason.NoTunnel, pair.Device.SendPacket(Packet));
        pair.Node.OnDatagram(Packet);
        pair.Node.Close(Reason.Idle, "again");
        Assert.Equal(["secured", "configured", "closed"], pair.NodeEnd.Events);
    }

    [Fact]
    public void OnSecured_NodeRefuses_DeviceLearnsWhy()
    {
        using var pair = new TunnelPair();
        pair.NodeEnd.Admission = TunnelAdmission.Refuse(Reason.NoAddress, "the pool is used up");
        pair.Start();
        Assert.True(pair.RunUntil(() => pair.DeviceEnd.End is not null));
        Assert.Equal((Reason.NoAddress, "the pool is used up", false), pair.NodeEnd.End);
        Assert.Equal((Reason.NoAddress, "the pool is used up", true), pair.DeviceEnd.End);
    }

    [Fact]
    public void IdleTunnel_AfterTraffic_LeavesNoDeadline()
    {
        using var pair = new TunnelPair();
        pair.Up();
        Assert.True(pair.RunUntil(() => pair.DeviceTimer.PendingCount == 0 && pair.NodeTimer.PendingCount == 0));
        pair.Device.SendPacket(Packet);
        Assert.True(pair.RunUntil(() => pair.NodeEnd.Packets.Count == 1, 1_000));
        pair.Node.SendPacket(Packet);
        Assert.True(pair.RunUntil(() => pair.DeviceEnd.Packets.Count == 1, 1_000));
        Assert.True(pair.RunUntil(() => pair.DeviceTimer.PendingCount == 0 && pair.NodeTimer.PendingCount == 0));
        Assert.Equal(TunnelState.Up, pair.Device.State);
        Assert.Equal(TunnelState.Up, pair.Node.State);
    }

    [Fact]
    public void FarEndDead_WithTraffic_ClosedWithinBoundedTime()
    {
        using var pair = new TunnelPair();
        pair.Up();
        pair.Loss = 1;
        pair.Device.SendPacket(Packet);
        Assert.True(pair.RunUntil(() => pair.DeviceEnd.End is not null, 32_000));
        Assert.Equal(Reason.KeepAliveTimeout, pair.DeviceEnd.End!.Value.Reason);
    }

    [Fact]
    public void Start_NobodyAnswers_ClosedWithEndToEndFailed()
    {
        using var pair = new TunnelPair(loss: 1);
        pair.Start();
        Assert.True(pair.RunUntil(() => pair.DeviceEnd.End is not null && pair.NodeEnd.End is not null));
        Assert.Equal(Reason.EndToEndFailed, pair.DeviceEnd.End!.Value.Reason);
        Assert.Equal(Reason.EndToEndFailed, pair.NodeEnd.End!.Value.Reason);
    }

    [Fact]
    public void SendAndReceive_SteadyState_AllocateNothing()
    {
        using var pair = new TunnelPair();
        pair.Up();
        (pair.DeviceEnd.IsRecording, pair.NodeEnd.IsRecording) = (false, false);
        Pass(2_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Pass(2_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(4_000, pair.NodeEnd.PacketCount);

        void Pass(int count)
        {
            for (var i = 0; i < count; i++)
            {
                pair.Device.SendPacket(Packet);
                pair.Node.OnDatagram(pair.DeviceEnd.Last.AsSpan(0, pair.DeviceEnd.LastBytes));
            }
        }
    }

    [Fact]
    public void SendPacket_IntoABatch_SealsInPlaceAndAllocatesNothing()
    {
        using var pair = new TunnelPair();
        pair.Up();
        (pair.DeviceEnd.IsRecording, pair.NodeEnd.IsRecording) = (false, false);
        var session = new TunnelSession(pair.Node);
        var batch = new SendBatch(_ => { });
        var channel = new Channel(3);
        Pass(200);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Pass(200);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(4_000, pair.NodeEnd.PacketCount);
        Assert.Equal(DropReason.Oversize, pair.Device.SendPacket(new byte[1_371], session, channel, batch));
        batch.Flush();
        Assert.Equal(4_000, session.Frames);

        void Pass(int count)
        {
            for (var i = 0; i < count; i++)
            {
                for (var j = 0; j < 10; j++)
                {
                    if (pair.Device.SendPacket(Packet, session, channel, batch) != DropReason.Unspecified)
                    {
                        Assert.Fail("a packet was dropped");
                    }
                }

                batch.Flush();
            }
        }
    }

    // atDevice: which end's check fails; null: either, since both see a stranger.
    private static void Fails(TunnelPair pair, bool? atDevice, string named)
    {
        using (pair)
        {
            pair.Start();
            Assert.True(pair.RunUntil(() => pair.DeviceEnd.End is not null && pair.NodeEnd.End is not null), "both ends close");
            Assert.Equal(Reason.EndToEndFailed, pair.DeviceEnd.End!.Value.Reason);
            Assert.Equal(Reason.EndToEndFailed, pair.NodeEnd.End!.Value.Reason);
            var detail = atDevice switch
            {
                true => pair.DeviceEnd.End.Value.Detail,
                false => pair.NodeEnd.End.Value.Detail,
                _ => pair.DeviceEnd.End.Value.Detail + pair.NodeEnd.End.Value.Detail,
            };
            Assert.Contains(named, detail, StringComparison.Ordinal);
            Assert.Null(pair.DeviceEnd.Configuration);
            Assert.Null(pair.NodeEnd.Configuration);
            Assert.Empty(pair.NodeEnd.Packets);
        }
    }
}
