using System.Diagnostics.Metrics;
using Google.Protobuf;
using OrleansUem.Edge;
using OrleansUem.Edge.Sessions;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Edge;

/// <summary>The process as a whole: stop, capture, options, scopes.</summary>
public sealed class EdgeHostTests
{
    [Fact]
    public async Task Stop_SaysGoAwayThenCloseDrainingAndReports()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var device = await edge.AttachDeviceAsync();

        await edge.StopAsync();

        var (_, goAway) = await device.NextAsync(FrameType.GoAway, GoAway.Parser);
        Assert.Equal((uint)Reason.Draining, goAway.Reason);
        var end = await device.EndAsync();
        Assert.Equal(Reason.Draining, end.Reason);
        Assert.InRange(end.PeerClose!.RetryAfterMs, 1_000U, 5_000U);
        var ended = await edge.Silo.NextAsync(ControlRequest.BodyOneofCase.SessionsEnded);
        Assert.Equal((uint)Reason.Draining, ended.SessionsEnded.Sessions[0].Reason);
    }

    /// <summary>The clock stands, so it is the last session's leaving that ends the wait.</summary>
    [Fact]
    public async Task Stop_LastSessionHasLeft_EndsAtOnce()
    {
        await using var edge = await EdgeFixture.StartAsync(options => options with { DrainTime = TimeSpan.FromMinutes(5) });
        var first = await edge.AttachDeviceAsync();
        var second = await edge.AttachDeviceAsync("phone-2");
        var end = edge.BeginStopAsync();
        await first.NextAsync(FrameType.GoAway, GoAway.Parser);
        await second.NextAsync(FrameType.GoAway, GoAway.Parser);

        first.Connection.Close(Reason.Detached);
        await edge.Silo.NextAsync(ControlRequest.BodyOneofCase.SessionsEnded);
        Assert.False(end.IsCompleted);
        second.Connection.Close(Reason.Detached);

        await end.WithinAsync("the edge's end");
    }

    [Fact]
    public async Task Ping_WithoutEnd_EndsTheSessionByName()
    {
        await using var edge = await EdgeFixture.StartAsync();
        var device = await edge.AttachDeviceAsync();

        for (var i = 0; i < 200; i++)
        {
            var ping = new byte[FrameLimits.HeaderBytes + FrameLimits.PingBytes];
            new FrameHeader(FrameType.Ping, FrameFlags.None, FrameLimits.PingBytes, Channel.Session).Write(ping);
            device.Connection.TrySendFrame(ping);
        }

        var end = await device.EndAsync();
        Assert.Equal((Reason.PingFlood, true), (end.Reason, end.IsByPeer));
        Assert.Equal((uint)Reason.PingFlood, (await edge.Silo.NextAsync(ControlRequest.BodyOneofCase.SessionsEnded)).SessionsEnded.Sessions[0].Reason);
    }

    [Fact]
    public async Task AuditCapture_HoldsWhatWasForwarded_AndNotWhatWasNotSent()
    {
        var directory = Directory.CreateTempSubdirectory("uem-audit-");
        var path = Path.Combine(directory.FullName, "capture");
        var marker = "the payload as the relay sees it"u8.ToArray();
        await using (var edge = await EdgeFixture.StartAsync(options => options with { AuditCapturePath = path }))
        {
            await edge.AttachEchoNodeAsync();
            var device = await edge.AttachDeviceAsync();
            var channel = await EdgeFixture.OpenAsync(device);
            device.Connection.TrySendDatagram(channel, marker);
            await device.Frames.NextAsync("the echo");
        }

        var capture = await File.ReadAllBytesAsync(path);
        Assert.Equal("UEMAUD1\n"u8.ToArray(), capture[..8]);
        Assert.Equal(8 + (2 * (22 + marker.Length)), capture.Length);
        Assert.True(capture.AsSpan().IndexOf(marker) > 0);
        Assert.Equal(-1, capture.AsSpan().IndexOf("another"u8));
        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task SlowDevice_DatagramsAreDroppedUnderQueueFull()
    {
        await using var edge = await EdgeFixture.StartAsync(options => options with { Limits = SmallQueues });
        using var stuck = new SemaphoreSlim(0);
        var node = await edge.AttachEchoNodeAsync(echoes: false);
        var own = edge.Issue(PeerRole.Device, "phone-1");
        var device = await ScriptedPeer.DialAsync(edge, Alpn.Device, own, (frame, _) => StopAtDatagram(frame, stuck));
        await device.AttachAsync(own);
        await EdgeFixture.OpenAsync(device);
        var (channel, _) = await node.NextAsync(FrameType.Open, Open.Parser);

        // The sockets between take megabytes; the sender's own queue may drop too, which does not matter here.
        for (var i = 0; i < 10_000_000 && DroppedByEdge() == 0; i++)
        {
            node.Connection.TrySendDatagram(channel, new byte[16_000]);
            await Task.Yield();
        }

        Assert.True(DroppedByEdge() > 0);
        stuck.Release(1_000_000);
    }

    [Fact]
    public async Task SlowNode_HoldsTheDeviceBack_AndNothingIsDroppedBetween()
    {
        await using var edge = await EdgeFixture.StartAsync(options => options with { Limits = SmallQueues });
        using var stuck = new SemaphoreSlim(0);
        var received = 0;
        var own = edge.Issue(PeerRole.Node, "node-1");
        var node = await ScriptedPeer.DialAsync(edge, Alpn.Node, own, (frame, connection) =>
        {
            if (frame.Type == FrameType.Open)
            {
                connection.TrySend(FrameType.Opened, frame.Channel, new Opened());
            }

            received += frame.Type == FrameType.Datagram ? 1 : 0;
            return StopAtDatagram(frame, stuck);
        });
        await node.AttachAsync(own);
        var device = await edge.AttachDeviceAsync();
        var channel = await EdgeFixture.OpenAsync(device);

        // Until all that is between them is full, and the device's own queue; then the node reads again.
        var sent = 0;
        while (device.Connection.SendDatagram(channel, new byte[1_400].AsSpan()) == DropReason.Unspecified)
        {
            sent++;
            await Task.Yield();
        }

        stuck.Release(1_000_000);
        await device.Connection.WaitForRoomAsync(channel).WithinAsync("the device's queue moves again");
        for (var i = 0; i < 50_000_000 && Volatile.Read(ref received) < sent; i++)
        {
            await Task.Yield();
        }

        Assert.Equal(sent, received);
    }

    [Theory]
    [InlineData("", "", false, 0UL, true)]
    [InlineData("phone-1", "", false, 0UL, true)]
    [InlineData("phone-2", "", false, 0UL, false)]
    [InlineData("", "phone-1", false, 0UL, false)]
    [InlineData("", "", true, 0UL, false)]
    [InlineData("phone-1", "", false, 4UL, false)]
    [InlineData("phone-1", "", false, 5UL, true)]
    public void CutScope_Covers_EveryFieldThatIsSet(string device, string node, bool otherCertificate, ulong through, bool expected)
    {
        var root = new TenantId(new string('a', 64));
        var cut = new Cut
        {
            TenantId = root.Text,
            DeviceId = device,
            NodeId = node,
            GenerationThrough = through,
            CertificateSha256 = otherCertificate ? ByteString.CopyFrom(1) : ByteString.Empty,
        };

        Assert.Equal(expected, CutScope.Covers(cut, new PeerIdentity(root, PeerRole.Device, "phone-1"), 5, [2]));
        Assert.False(CutScope.Covers(cut, new PeerIdentity(new TenantId(new string('b', 64)), PeerRole.Device, "phone-1"), 5, [2]));
    }

    [Fact]
    public void Validate_EachFault_NamesOptionValueAndBound()
    {
        var options = new EdgeOptions
        {
            StateDirectory = "",
            Silos = ["nowhere"],
            DeviceEndPoints = [],
            NodeEndPoints = [],
            DrainTime = TimeSpan.FromHours(1),
            Limits = new EdgeLimits { MaxSessions = 0, KeepAlive = TimeSpan.FromSeconds(4), TunnelQueueBytes = 1 },
        };

        var faults = EdgeOptionsValidator.Validate(options);

        Assert.Equal(7, faults.Count);
        Assert.Contains(faults, fault => fault.Contains("MaxSessions 0 is out of its range 1..", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.Contains("Silos 'nowhere'", StringComparison.Ordinal));
        Assert.Empty(EdgeOptionsValidator.Validate(new EdgeOptions { StateDirectory = "s", Silos = ["silo.example:3102", "[::1]:3102"] }));
    }

    private static readonly EdgeLimits SmallQueues = new() { TunnelQueueBytes = 128 * 1024, DeviceQueueBytes = 128 * 1024, NodeQueueBytes = 256 * 1024 };

    // The read loop stops: the socket fills, then the queue of whoever sends to it.
    private static Reason StopAtDatagram(ReceivedFrame frame, SemaphoreSlim stuck)
    {
        if (frame.Type == FrameType.Datagram)
        {
            stuck.Wait(TimeSpan.FromSeconds(60));
        }

        return Reason.None;
    }

    private static long DroppedByEdge()
    {
        long dropped = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "uem.edge.frames_dropped")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
            dropped += tags.Length == 1 && (string?)tags[0].Value == nameof(DropReason.QueueFull) ? value : 0);
        listener.Start();
        listener.RecordObservableInstruments();
        return dropped;
    }
}
