using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Edge;

/// <summary>Tunnels through a whole edge on real sockets.</summary>
public sealed class EdgeTunnelTests
{
    private static readonly byte[] Marker = "a marker that the app sends"u8.ToArray();

    [Fact]
    public async Task Open_NodeTakesIt_DatagramsGoBothWays()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var node = await edge.AttachEchoNodeAsync();
        var device = await edge.AttachDeviceAsync();
        var channel = await EdgeFixture.OpenAsync(device);

        Assert.True(device.Connection.TrySendDatagram(channel, Marker));

        var echo = await device.Frames.NextAsync("the echo");
        Assert.Equal((FrameType.Datagram, channel), (echo.Type, echo.Channel));
        Assert.Equal(Marker, echo.Payload);
        var (_, offered) = await node.NextAsync(FrameType.Open, Open.Parser);
        Assert.Equal(("phone-1", 1UL), (offered.DeviceId, offered.TunnelId));
        Assert.Equal(Marker, (await node.Frames.NextAsync("the datagram")).Payload);
    }

    [Fact]
    public async Task Open_SameRequestAgain_GetsTheSameChannel()
    {
        await using var edge = await EdgeFixture.StartAsync();
        await edge.AttachEchoNodeAsync();
        var device = await edge.AttachDeviceAsync();

        var first = await EdgeFixture.OpenAsync(device, requestId: 9);
        var second = await EdgeFixture.OpenAsync(device, requestId: 9);

        Assert.Equal(first, second);
        Assert.Equal(1, edge.Silo.CountOf(ControlRequest.BodyOneofCase.OpenTunnel));
    }

    [Fact]
    public async Task Open_NoNode_IsRefused()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var device = await edge.AttachDeviceAsync();

        device.Connection.TrySend(FrameType.Open, Channel.Session, new Open { RequestId = 3 });

        var (channel, refused) = await device.NextAsync(FrameType.Refused, Refused.Parser);
        Assert.Equal((true, 3U, (uint)Reason.NoNode), (channel.IsSession, refused.RequestId, refused.Reason));
    }

    [Fact]
    public async Task Open_NodeRefuses_ReasonReachesTheDevice()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var own = edge.Issue(PeerRole.Node, "node-1");
        var node = await ScriptedPeer.DialAsync(edge, Alpn.Node, own);
        await node.AttachAsync(own);
        var device = await edge.AttachDeviceAsync();
        device.Connection.TrySend(FrameType.Open, Channel.Session, new Open { RequestId = 3 });

        var (offer, _) = await node.NextAsync(FrameType.Open, Open.Parser);
        node.Connection.TrySend(FrameType.Refused, offer, new Refused { Reason = (uint)Reason.NoAddress, Detail = "full" });

        var (_, refused) = await device.NextAsync(FrameType.Refused, Refused.Parser);
        Assert.Equal(((uint)Reason.NoAddress, "full"), (refused.Reason, refused.Detail));
    }

    [Fact]
    public async Task Open_NodeDoesNotAnswer_TimesOutAndTellsBoth()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var own = edge.Issue(PeerRole.Node, "node-1");
        var node = await ScriptedPeer.DialAsync(edge, Alpn.Node, own);
        await node.AttachAsync(own);
        var device = await edge.AttachDeviceAsync();
        device.Connection.TrySend(FrameType.Open, Channel.Session, new Open { RequestId = 3 });
        var (offer, _) = await node.NextAsync(FrameType.Open, Open.Parser);

        edge.Time.Advance(TimeSpan.FromSeconds(8));

        var (channel, closed) = await node.NextAsync(FrameType.CloseTunnel, CloseTunnel.Parser);
        Assert.Equal((offer, (uint)Reason.ControlTimeout), (channel, closed.Reason));
        Assert.Equal((uint)Reason.ControlTimeout, (await device.NextAsync(FrameType.Refused, Refused.Parser)).Body.Reason);
    }

    [Fact]
    public async Task Open_PeerOnAnotherEdge_IsRefusedWithAClearReason()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var own = edge.Issue(PeerRole.Node, "node-1");
        var node = await ScriptedPeer.DialAsync(edge, Alpn.Node, own, (frame, connection) =>
        {
            if (frame.Type == FrameType.Open)
            {
                connection.TrySend(FrameType.Opened, frame.Channel, new Opened());
            }

            return Reason.None;
        });
        var attached = await node.AttachAsync(own);

        var answer = await edge.Silo.AskAsync(new ControlRequest
        {
            OfferTunnel = new OfferTunnel
            {
                TunnelId = 1,
                DeviceId = "phone-1",
                NodeSessionId = attached.SessionId,
                NodeGeneration = attached.Generation,
                Lease = new Lease
                {
                    LeaseId = "t/phone-1/1",
                    LifetimeSeconds = 60,
                    Peer = new RouteEnd { Session = new SessionRef { EdgeId = "edge-2", SessionId = 1, Generation = 1 }, Channel = 1 },
                },
            },
        });

        Assert.Equal((uint)Reason.NoNode, answer.Reason);
        Assert.Contains("different edges", answer.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_Flood_IsBoundedAndRefused()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var own = edge.Issue(PeerRole.Node, "node-1");
        var node = await ScriptedPeer.DialAsync(edge, Alpn.Node, own);
        await node.AttachAsync(own);
        var device = await edge.AttachDeviceAsync();

        for (uint i = 1; i <= 100; i++)
        {
            device.Connection.TrySend(FrameType.Open, Channel.Session, new Open { RequestId = i });
        }

        for (var i = 0; i < 96; i++)
        {
            var (_, refused) = await device.NextAsync(FrameType.Refused, Refused.Parser);
            Assert.Equal((uint)Reason.Overloaded, refused.Reason);
            Assert.InRange(refused.RetryAfterMs, 1_000U, 5_000U);
        }

        for (var i = 0; i < 4; i++)
        {
            await node.NextAsync(FrameType.Open, Open.Parser);
        }

        Assert.False(node.Frames.TryNext(out _));
    }

    [Theory]
    [InlineData(true, Reason.ClosedByDevice)]
    [InlineData(false, Reason.ClosedByNode)]
    public async Task CloseTunnel_ByOneEnd_IsToldToTheOtherAndReported(bool isByDevice, Reason expected)
    {
        await using var edge = await EdgeFixture.StartAsync();
        var node = await edge.AttachEchoNodeAsync();
        var device = await edge.AttachDeviceAsync();
        var channel = await EdgeFixture.OpenAsync(device);
        var (nodeChannel, _) = await node.NextAsync(FrameType.Open, Open.Parser);
        device.Connection.TrySendDatagram(channel, Marker);
        await device.Frames.NextAsync("the echo");
        await node.Frames.NextAsync("the datagram");

        (isByDevice ? device : node).Connection.TrySend(
            FrameType.CloseTunnel, isByDevice ? channel : nodeChannel, new CloseTunnel());

        var (told, closed) = await (isByDevice ? node : device).NextAsync(FrameType.CloseTunnel, CloseTunnel.Parser);
        Assert.Equal((isByDevice ? nodeChannel : channel, (uint)expected), (told, closed.Reason));
        var reports = (await edge.Silo.NextAsync(ControlRequest.BodyOneofCase.TunnelsEnded)).TunnelsEnded.Leases.ToList();
        if (reports.Count == 1)
        {
            reports.AddRange((await edge.Silo.NextAsync(ControlRequest.BodyOneofCase.TunnelsEnded)).TunnelsEnded.Leases);
        }

        Assert.All(reports, report => Assert.Equal((edge.Silo.LastLease, (uint)expected), (report.LeaseId, report.Reason)));
        var fromDevice = Assert.Single(reports, report => report.FromDeviceSide);
        var fromNode = Assert.Single(reports, report => !report.FromDeviceSide);
        Assert.Equal((1UL, 1UL, (ulong)Marker.Length), (fromDevice.FramesIn, fromDevice.FramesOut, fromDevice.BytesOut));
        Assert.Equal((1UL, 1UL), (fromNode.FramesIn, fromNode.FramesOut));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SessionEnds_PeerIsToldAtOnce(bool isDevice)
    {
        await using var edge = await EdgeFixture.StartAsync();
        var node = await edge.AttachEchoNodeAsync();
        var device = await edge.AttachDeviceAsync();
        await EdgeFixture.OpenAsync(device);
        await node.NextAsync(FrameType.Open, Open.Parser);

        (isDevice ? device : node).Connection.Close(Reason.Detached);

        var (_, closed) = await (isDevice ? node : device).NextAsync(FrameType.CloseTunnel, CloseTunnel.Parser);
        Assert.Equal((uint)(isDevice ? Reason.DeviceLost : Reason.NodeLost), closed.Reason);
        var ended = await edge.Silo.NextAsync(ControlRequest.BodyOneofCase.SessionsEnded);
        Assert.Equal((uint)Reason.Detached, ended.SessionsEnded.Sessions[0].Reason);
    }

    [Fact]
    public async Task Datagram_OnClosedChannel_IsDroppedAndTheSessionGoesOn()
    {
        await using var edge = await EdgeFixture.StartAsync();
        await edge.AttachEchoNodeAsync();
        var device = await edge.AttachDeviceAsync();
        var first = await EdgeFixture.OpenAsync(device, requestId: 1);
        device.Connection.TrySend(FrameType.CloseTunnel, first, new CloseTunnel());
        device.Connection.TrySendDatagram(first, Marker);
        device.Connection.TrySendDatagram(new Channel(77), Marker);

        var second = await EdgeFixture.OpenAsync(device, requestId: 2);

        Assert.NotEqual(first, second);
        device.Connection.TrySendDatagram(second, Marker);
        Assert.Equal(second, (await device.Frames.NextAsync("the echo")).Channel);
    }

    [Fact]
    public async Task EndTunnel_FromSilo_EndsBothEnds()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var node = await edge.AttachEchoNodeAsync();
        var device = await edge.AttachDeviceAsync();
        await EdgeFixture.OpenAsync(device);
        await node.NextAsync(FrameType.Open, Open.Parser);

        var answer = await edge.Silo.AskAsync(new ControlRequest
        {
            EndTunnel = new EndTunnel { LeaseId = edge.Silo.LastLease, Reason = (uint)Reason.TunnelReplaced },
        });

        Assert.Equal(0U, answer.Reason);
        Assert.Equal((uint)Reason.TunnelReplaced, (await device.NextAsync(FrameType.CloseTunnel, CloseTunnel.Parser)).Body.Reason);
        Assert.Equal((uint)Reason.TunnelReplaced, (await node.NextAsync(FrameType.CloseTunnel, CloseTunnel.Parser)).Body.Reason);
    }

    [Fact]
    public async Task Cut_Device_EndsSessionAndRoute()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var node = await edge.AttachEchoNodeAsync();
        var device = await edge.AttachDeviceAsync();
        var other = await edge.AttachDeviceAsync("phone-2");
        await EdgeFixture.OpenAsync(device);
        await node.NextAsync(FrameType.Open, Open.Parser);

        var answer = await edge.Silo.AskAsync(new ControlRequest
        {
            Cut = new Cut { Sequence = 5, TenantId = edge.Tenant.Id.Text, DeviceId = "phone-1", Reason = (uint)Reason.CertificateRevoked },
        });

        Assert.Equal(0U, answer.Reason);
        Assert.Equal(Reason.CertificateRevoked, (await device.EndAsync()).Reason);
        Assert.Equal((uint)Reason.CertificateRevoked, (await node.NextAsync(FrameType.CloseTunnel, CloseTunnel.Parser)).Body.Reason);
        await EdgeFixture.OpenAsync(other);
    }

    [Fact]
    public async Task Lease_NotRenewed_ExpiresWithoutSilo()
    {
        await using var edge = await EdgeFixture.StartAsync();
        edge.Silo.LeaseSeconds = 20;
        var node = await edge.AttachEchoNodeAsync();
        var device = await edge.AttachDeviceAsync();
        var channel = await EdgeFixture.OpenAsync(device);
        await node.NextAsync(FrameType.Open, Open.Parser);
        edge.Silo.Override = _ => ControlBodies.Refusal(Reason.InternalError);

        edge.Time.Advance(TimeSpan.FromSeconds(18));
        device.Connection.TrySendDatagram(channel, Marker);
        Assert.Equal(FrameType.Datagram, (await device.Frames.NextAsync("the echo before the end")).Type);
        await node.Frames.NextAsync("the datagram");
        edge.Time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal((uint)Reason.LeaseExpired, (await device.NextAsync(FrameType.CloseTunnel, CloseTunnel.Parser)).Body.Reason);
        Assert.Equal((uint)Reason.LeaseExpired, (await node.NextAsync(FrameType.CloseTunnel, CloseTunnel.Parser)).Body.Reason);
        edge.Silo.Override = null;
    }

    [Fact]
    public async Task LinkBreaks_PacketsGoOn_OpenIsRefused_EndsAreReportedLater()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var node = await edge.AttachEchoNodeAsync();
        var device = await edge.AttachDeviceAsync();
        var channel = await EdgeFixture.OpenAsync(device);
        edge.Silo.BreakLink();
        await edge.Silo.UntilUnlinkedAsync();

        device.Connection.TrySend(FrameType.Open, Channel.Session, new Open { RequestId = 2 });
        Assert.Equal((uint)Reason.NoSilo, (await device.NextAsync(FrameType.Refused, Refused.Parser)).Body.Reason);
        device.Connection.TrySendDatagram(channel, Marker);
        Assert.Equal(Marker, (await device.Frames.NextAsync("the echo without a silo")).Payload);
        device.Connection.TrySend(FrameType.CloseTunnel, channel, new CloseTunnel());
        await node.NextAsync(FrameType.Open, Open.Parser);
        await node.Frames.NextAsync("the datagram");
        await node.NextAsync(FrameType.CloseTunnel, CloseTunnel.Parser);
        edge.Silo.LinkStarted = new LinkStarted
        {
            SiloId = "silo-1",
            Cuts = { new Cut { Sequence = 8, TenantId = edge.Tenant.Id.Text, NodeId = "node-1", Reason = (uint)Reason.CutByAdmin } },
            LastCut = 8,
        };

        await edge.AdvanceUntilAsync(edge.Silo.NextAsync(ControlRequest.BodyOneofCase.LinkStart));

        Assert.Equal(Reason.CutByAdmin, (await node.EndAsync()).Reason);
        var ended = await edge.Silo.NextAsync(ControlRequest.BodyOneofCase.TunnelsEnded);
        Assert.Equal((uint)Reason.ClosedByDevice, ended.TunnelsEnded.Leases[0].Reason);
        Assert.Null(device.Connection.End);
    }

    [Fact]
    public async Task EndTunnel_BeforeTheNodeAnswered_WithdrawsTheOfferAndTheSessionGoesOn()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var own = edge.Issue(PeerRole.Node, "node-1");
        var node = await ScriptedPeer.DialAsync(edge, Alpn.Node, own);
        await node.AttachAsync(own);
        var device = await edge.AttachDeviceAsync();
        device.Connection.TrySend(FrameType.Open, Channel.Session, new Open { RequestId = 3 });
        var (offer, _) = await node.NextAsync(FrameType.Open, Open.Parser);

        await edge.Silo.AskAsync(new ControlRequest
        {
            EndTunnel = new EndTunnel { LeaseId = edge.Silo.LastLease, Reason = (uint)Reason.CutByAdmin },
        });
        node.Connection.TrySend(FrameType.Opened, offer, new Opened());

        Assert.Equal((uint)Reason.CutByAdmin, (await node.NextAsync(FrameType.CloseTunnel, CloseTunnel.Parser)).Body.Reason);
        Assert.Equal((uint)Reason.CutByAdmin, (await device.NextAsync(FrameType.Refused, Refused.Parser)).Body.Reason);
        device.Connection.TrySend(FrameType.Open, Channel.Session, new Open { RequestId = 4 });
        var (second, _) = await node.NextAsync(FrameType.Open, Open.Parser);
        node.Connection.TrySend(FrameType.Opened, second, new Opened());
        await device.NextAsync(FrameType.Opened, Opened.Parser);
    }

    [Fact]
    public async Task Datagrams_ManyDevicesAtOnce_ArriveWholeAndInOrderOrAreCounted()
    {
        const int devices = 6;
        const int perDevice = 3_000;
        await using var edge = await EdgeFixture.StartAsync();
        var faults = new System.Collections.Concurrent.ConcurrentQueue<string>();
        var last = new System.Collections.Concurrent.ConcurrentDictionary<uint, int>();
        var received = 0;
        var ends = 0;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var own = edge.Issue(PeerRole.Node, "node-1");
        var node = await ScriptedPeer.DialAsync(edge, Alpn.Node, own, (frame, connection) =>
        {
            switch (frame.Type)
            {
                case FrameType.Open:
                    connection.TrySend(FrameType.Opened, frame.Channel, new Opened());
                    break;
                case FrameType.Datagram:
                    var number = BitConverter.ToInt32(frame.Payload);
                    received++;
                    if (frame.Payload.AsSpan(4).ContainsAnyExcept((byte)number) || last.GetValueOrDefault(frame.Channel.Value) >= number)
                    {
                        faults.Enqueue($"{frame.Channel}: {number} after {last.GetValueOrDefault(frame.Channel.Value)}");
                    }

                    last[frame.Channel.Value] = number;
                    break;
                case FrameType.CloseTunnel when ++ends == devices:
                    done.TrySetResult();
                    break;
            }

            return Reason.None;
        });
        await node.AttachAsync(own);
        var peers = new List<(ScriptedPeer Peer, Channel Channel)>();
        for (var i = 0; i < devices; i++)
        {
            var peer = await edge.AttachDeviceAsync($"phone-{i}");
            peers.Add((peer, await EdgeFixture.OpenAsync(peer)));
        }

        await Task.WhenAll(peers.Select(entry => Task.Run(async () =>
        {
            for (var number = 1; number <= perDevice; number++)
            {
                var payload = new byte[4 + (number % 1_400)];
                payload.AsSpan().Fill((byte)number);
                BitConverter.TryWriteBytes(payload, number);
                while (!entry.Peer.Connection.TrySendDatagram(entry.Channel, payload))
                {
                    await Task.Yield();
                }
            }
        })));
        peers.ForEach(entry => entry.Peer.Connection.TrySend(FrameType.CloseTunnel, entry.Channel, new CloseTunnel()));
        await done.Task.WithinAsync("the end of all tunnels");

        Assert.Empty(faults);
        Assert.Equal(devices, last.Count);
        Assert.InRange(received, devices, devices * perDevice);
    }
}
