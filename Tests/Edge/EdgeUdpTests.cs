using OrleansUem.Edge;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Paths;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Edge;

/// <summary>UDP paths through a whole edge on real sockets; the edge's clock is virtual.</summary>
public sealed class EdgeUdpTests
{
    private static readonly byte[] Marker = "a marker that the app sends"u8.ToArray();

    [Fact]
    public async Task Datagrams_BothOnUdp_GoBothWaysInRunsWithTheirChannels()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var node = await edge.AttachEchoNodeAsync(echoes: false);
        var device = await edge.AttachDeviceAsync();
        var (near, far) = await OpenAsync(device, node);
        using var devicePath = ScriptedPath.Prove(device);
        using var nodePath = ScriptedPath.Prove(node);
        Assert.Equal(2, edge.Server.Paths.UsedCount);
        byte[][] payloads = [.. Enumerable.Range(0, 100).Select(i => Payload(i % 45 == 44 ? 300 : 1_400, i))];

        devicePath.Send(near, payloads);
        foreach (var payload in payloads)
        {
            Assert.Equal((far, Convert.ToHexString(payload)), Text(nodePath.NextFrame()));
        }

        nodePath.Send(far, payloads);
        foreach (var payload in payloads)
        {
            Assert.Equal((near, Convert.ToHexString(payload)), Text(devicePath.NextFrame()));
        }

        var bytes = (ulong)payloads.Sum(payload => payload.Length);
        await edge.Silo.AskAsync(new ControlRequest { EndTunnel = new EndTunnel { LeaseId = edge.Silo.LastLease, Reason = (uint)Reason.Detached } });
        var reports = await TotalsAsync(edge);
        Assert.All(reports, report => Assert.Equal((100UL, bytes, 100UL, bytes, 0UL), (report.FramesIn, report.BytesIn, report.FramesOut, report.BytesOut, report.Dropped)));
        Assert.Equal(2, reports.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Datagrams_OneSideOnUdp_CrossToTheOthersTcp(bool isDeviceOnUdp)
    {
        await using var edge = await EdgeFixture.StartAsync();
        var node = await edge.AttachEchoNodeAsync();
        var device = await edge.AttachDeviceAsync();
        var (near, _) = await OpenAsync(device, node);
        using var path = ScriptedPath.Prove(isDeviceOnUdp ? device : node);
        if (isDeviceOnUdp)
        {
            path.Send(near, Marker);
            Assert.Equal((near, Convert.ToHexString(Marker)), Text(path.NextFrame()));
        }
        else
        {
            device.Connection.TrySendDatagram(near, Marker);
            var (channel, payload) = path.NextFrame();
            Assert.Equal(Marker, payload);
            path.Send(channel, Marker, Marker);
            Assert.Equal(Marker, (await device.Frames.NextAsync("the echo")).Payload);
            Assert.Equal(Marker, (await device.Frames.NextAsync("the echo")).Payload);
        }
    }

    // A frame that is longer than what was proven takes TCP, and order between the two paths is not promised.
    [Fact]
    public async Task Datagram_LongerThanTheProvenPath_TakesTcp()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var node = await edge.AttachEchoNodeAsync(echoes: false);
        var device = await edge.AttachDeviceAsync();
        var (near, far) = await OpenAsync(device, node);
        using var path = ScriptedPath.Prove(device);

        node.Connection.TrySendDatagram(far, Payload(ScriptedPath.DatagramBytes - FrameLimits.HeaderBytes, 1));
        node.Connection.TrySendDatagram(far, Payload(ScriptedPath.DatagramBytes - FrameLimits.HeaderBytes + 1, 2));

        Assert.Equal(Convert.ToHexString(Payload(1_436, 1)), Text(path.NextFrame()).Payload);
        var frame = await device.Frames.NextAsync("the long frame");
        Assert.Equal((near, Convert.ToHexString(Payload(1_437, 2))), (frame.Channel, Convert.ToHexString(frame.Payload)));
    }

    [Fact]
    public async Task Strangers_GetNoAnswerAndLeaveNothingBehind()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var device = await edge.AttachDeviceAsync();
        using var good = ScriptedPath.Prove(device);
        var wrongKeys = device.Attached.Udp.Clone();
        wrongKeys.Secret = Google.Protobuf.ByteString.CopyFrom(new byte[PathKeys.SecretBytes]);
        var unknown = device.Attached.Udp.Clone();
        unknown.PathId++;
        using var forger = new ScriptedPath(wrongKeys);
        using var stranger = new ScriptedPath(unknown);

        stranger.SendProbe(1);
        stranger.Send(Channel.Create(1, 0), Marker, Marker, Marker);
        using var empty = new System.Net.Sockets.UdpClient();
        empty.Send([], stranger.Remote);
        stranger.SendRaw([0x80]);
        stranger.SendRaw([0x81, 1, 0, 0]);
        forger.SendProbe(100);
        var replayed = new byte[ScriptedPath.DatagramBytes];
        good.SendProbe(3, change: probe => probe.CopyTo(replayed, 0));
        good.NextAck();
        forger.SendRaw(replayed);
        stranger.SendRaw([0x16, 0xFE, 0xFD, 0, 0]);

        await UntilAsync(edge, DropReason.UnknownPath, 1);
        await UntilAsync(edge, DropReason.UnknownAddress, 4);
        await UntilAsync(edge, DropReason.MalformedDatagram, 3);
        await UntilAsync(edge, DropReason.ForgedProbe, 1);
        await UntilAsync(edge, DropReason.ReplayedProbe, 1);
        Assert.Equal((1, 1), (edge.Server.Paths.AddressCount, edge.Server.Paths.UsedCount));
        Assert.True(stranger.IsSilent && forger.IsSilent);
        good.SendProbe(4);
        Assert.Equal(4UL, good.NextAck().Counter);
    }

    [Fact]
    public async Task ProvenAddress_SendsAnythingElse_IsDroppedAndTheSessionGoesOn()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var node = await edge.AttachEchoNodeAsync();
        var device = await edge.AttachDeviceAsync();
        var (near, _) = await OpenAsync(device, node);
        using var path = ScriptedPath.Prove(device);

        path.SendRaw([0x01, 0, 0, 0, 0, 0, 0, 0]);
        path.SendRaw([0x20, 0, 0, 9, 0, 0, 0, 1, 1, 2, 3]);
        path.SendRaw([0x20, 0, 0, 0, 0, 0, 0, 0]);
        path.SendRaw([0x20]);
        path.Send(Channel.Create(700, 3), Marker);
        path.Send(Channel.Create(near.Index, near.Generation + 1), Marker);
        path.Send(near, Marker);

        Assert.Equal((near, Convert.ToHexString(Marker)), Text(path.NextFrame()));
        Assert.Equal(4, edge.Server.Metrics.Dropped(DropReason.MalformedDatagram));
        Assert.Equal(1, edge.Server.Metrics.Dropped(DropReason.NoRoute));
        Assert.Equal(1, edge.Server.Metrics.Dropped(DropReason.StaleChannel));
        Assert.Null(device.Connection.End);
    }

    // A NAT gives the peer another address: from there it is heard at once, and answered there once it has shown that it receives there.
    [Fact]
    public async Task Path_FromAnotherAddress_MovesAndTheOldOneIsAStrangers()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var node = await edge.AttachEchoNodeAsync();
        var device = await edge.AttachDeviceAsync();
        var (near, _) = await OpenAsync(device, node);
        using var home = ScriptedPath.Prove(device);
        using var away = new ScriptedPath(device.Attached.Udp);

        away.SendProbe(10, token: home.Token);
        var ack = away.NextAck();
        Assert.NotEqual(home.Token, ack.Token);
        away.Send(near, Marker);
        Assert.Equal(Marker, home.NextFrame().Payload);
        Assert.True(away.IsSilent);

        away.SendProbe(11, token: ack.Token);
        away.NextAck();
        away.Send(near, Marker);
        Assert.Equal(Marker, away.NextFrame().Payload);
        home.Send(near, Marker);
        await UntilAsync(edge, DropReason.UnknownAddress, 1);
        Assert.True(home.IsSilent);
        Assert.Equal(1, edge.Server.Paths.AddressCount);
    }

    // The probe's MAC is the other device's own; only its source address is forged.
    [Fact]
    public async Task Probe_FromAnotherSessionsAddress_TakesNothingAway()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var node = await edge.AttachEchoNodeAsync();
        var device = await edge.AttachDeviceAsync();
        var other = await edge.AttachDeviceAsync("phone-2");
        var (near, _) = await OpenAsync(device, node);
        using var path = ScriptedPath.Prove(device);
        using var forger = new ScriptedPath(other.Attached.Udp);

        forger.SendProbe(1, from: path.Socket);

        Assert.True(path.TakesForeignAck());
        path.Send(near, Marker);
        Assert.Equal(Marker, path.NextFrame().Payload);
        Assert.Equal((1, 1), (edge.Server.Paths.AddressCount, edge.Server.Paths.UsedCount));
        Assert.True(forger.IsSilent);
    }

    [Fact]
    public async Task PathLeft_DataGoesOverTcpUntilAHigherProbe()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var node = await edge.AttachEchoNodeAsync();
        var device = await edge.AttachDeviceAsync();
        var (near, _) = await OpenAsync(device, node);
        using var path = ScriptedPath.Prove(device);

        device.Connection.TrySend(FrameType.PathLeft, Channel.Session, new PathLeft { Counter = 7 });
        device.Connection.TrySendDatagram(near, Marker);

        Assert.Equal(Marker, (await device.Frames.NextAsync("the echo over TCP")).Payload);
        Assert.Equal((0, 0), (edge.Server.Paths.AddressCount, edge.Server.Paths.UsedCount));
        path.SendProbe(7);
        await UntilAsync(edge, DropReason.ReplayedProbe, 1);
        path.Prove(8);
        device.Connection.TrySendDatagram(near, Marker);
        Assert.Equal(Marker, path.NextFrame().Payload);
        Assert.True(path.IsSilent);
    }

    [Fact]
    public async Task Session_Ends_ItsAddressIsAStrangersAtOnce()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var node = await edge.AttachEchoNodeAsync();
        var device = await edge.AttachDeviceAsync();
        var (near, _) = await OpenAsync(device, node);
        using var path = ScriptedPath.Prove(device);

        await edge.Silo.AskAsync(new ControlRequest { Cut = new Cut { Sequence = 1, TenantId = edge.Tenant.Id.Text, DeviceId = "phone-1", Reason = (uint)Reason.CutByAdmin } });

        // The cut is applied before it is answered.
        path.Send(near, Marker, Marker);
        path.SendProbe(9);
        await UntilAsync(edge, DropReason.UnknownAddress, 2);
        await UntilAsync(edge, DropReason.UnknownPath, 1);
        Assert.True(path.IsSilent);
        Assert.Equal(Reason.CutByAdmin, (await device.EndAsync()).Reason);
    }

    [Fact]
    public async Task Lease_Ends_FramesAreDroppedByItsReason()
    {
        await using var edge = await EdgeFixture.StartAsync();
        edge.Silo.ByteLimit = 3 * 1_000;
        var node = await edge.AttachEchoNodeAsync(echoes: false);
        var device = await edge.AttachDeviceAsync();
        var (near, far) = await OpenAsync(device, node);
        using var devicePath = ScriptedPath.Prove(device);
        using var nodePath = ScriptedPath.Prove(node);
        for (var i = 0; i < 3; i++)
        {
            devicePath.Send(near, Payload(1_000, i));
            nodePath.NextFrame();
        }

        devicePath.Send(near, Payload(1_000, 3));

        await UntilAsync(edge, DropReason.ByteLimit, 1);
        await edge.Silo.AskAsync(new ControlRequest { EndTunnel = new EndTunnel { LeaseId = edge.Silo.LastLease, Reason = (uint)Reason.Detached } });
        nodePath.Send(far, Marker);
        await UntilAsync(edge, DropReason.StaleChannel, 1);
        Assert.True(devicePath.IsSilent && nodePath.IsSilent);
    }

    [Fact]
    public async Task Path_NothingProvesItAnyMore_DataGoesOverTcp()
    {
        await using var edge = await EdgeFixture.StartAsync(options => options with { Limits = new EdgeLimits { KeepAlive = TimeSpan.FromSeconds(600) } });
        var node = await edge.AttachEchoNodeAsync();
        var device = await edge.AttachDeviceAsync();
        var (near, _) = await OpenAsync(device, node);
        using var path = ScriptedPath.Prove(device);

        edge.Time.Advance(PathLimits.FreshFor + TimeSpan.FromSeconds(5));

        device.Connection.TrySendDatagram(near, Marker);
        Assert.Equal(Marker, (await device.Frames.NextAsync("the echo over TCP")).Payload);
        Assert.Equal(0, edge.Server.Paths.AddressCount);
    }

    [Fact]
    public async Task Attached_WithoutUdp_OffersNone()
    {
        await using var edge = await EdgeFixture.StartAsync(options => options with { Udp = new EdgeUdpOptions { IsOffered = false } });
        Assert.Empty(edge.Ready.UdpEndPoints);
        Assert.Null((await edge.AttachDeviceAsync()).Attached.Udp);
    }

    [Fact]
    public async Task Flood_OfStrangers_IsCountedAndATunnelWorksBesideIt()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var node = await edge.AttachEchoNodeAsync();
        var device = await edge.AttachDeviceAsync();
        var (near, _) = await OpenAsync(device, node);
        using var path = ScriptedPath.Prove(device);
        var others = device.Attached.Udp.Clone();
        others.PathId++;
        const int strangers = 20;
        for (var i = 0; i < strangers; i++)
        {
            using var stranger = new ScriptedPath(others);
            for (var j = 1UL; j <= 50; j++)
            {
                stranger.SendProbe(j, PathLimits.DatagramBytesMin);
                stranger.Send(near, Marker);
            }

            path.Send(near, Payload(100, i));
            Assert.Equal(Payload(100, i), path.NextFrame().Payload);
        }

        await UntilAsync(edge, strangers * 100, DropReason.UnknownPath, DropReason.UnknownAddress, DropReason.ReceiveQueueFull);
        Assert.Equal(1, edge.Server.Paths.AddressCount);
    }

    [Fact]
    public async Task Start_UdpPortTaken_SaysWhatToDo()
    {
        using var other = OrleansUem.Transport.Datagrams.UdpBatchSocket.Bind(new(System.Net.IPAddress.Loopback, 0), new());
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => EdgeFixture.StartAsync(
            options => options with { Udp = new EdgeUdpOptions { DevicePort = other.LocalEndPoint.Port } }));
        var inner = Assert.IsType<IOException>(error.InnerException!.InnerException);
        Assert.Contains($"127.0.0.1:{other.LocalEndPoint.Port}/udp", inner.Message, StringComparison.Ordinal);
        Assert.Contains("--devices-udp", inner.Message, StringComparison.Ordinal);
    }

    private static async Task<(Channel Near, Channel Far)> OpenAsync(ScriptedPeer device, ScriptedPeer node)
    {
        var near = await EdgeFixture.OpenAsync(device);
        return (near, (await node.NextAsync(FrameType.Open, Open.Parser)).Channel);
    }

    private static async Task<List<LeaseReport>> TotalsAsync(EdgeFixture edge)
    {
        var reports = new List<LeaseReport>();
        while (reports.Count < 2)
        {
            reports.AddRange((await edge.Silo.NextAsync(ControlRequest.BodyOneofCase.TunnelsEnded)).TunnelsEnded.Leases);
        }

        return reports;
    }

    private static Task UntilAsync(EdgeFixture edge, DropReason reason, long count) => UntilAsync(edge, count, reason);

    // Counters have no events: they are looked at until they say so.
    private static async Task UntilAsync(EdgeFixture edge, long count, params DropReason[] reasons)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        long Sum() => reasons.Sum(edge.Server.Metrics.Dropped);
        while (Sum() < count && !limit.IsCancellationRequested)
        {
            await Task.Yield();
        }

        Assert.Equal((string.Join(' ', reasons), count), (string.Join(' ', reasons), Sum()));
    }

    private static byte[] Payload(int bytes, int seed)
    {
        var payload = new byte[bytes];
        new Random(seed).NextBytes(payload);
        return payload;
    }

    private static (Channel Channel, string Payload) Text((Channel Channel, byte[] Payload) frame) => (frame.Channel, Convert.ToHexString(frame.Payload));
}
