using System.Diagnostics.Metrics;
using Google.Protobuf;
using OrleansUem.Edge;
using OrleansUem.Edge.Sessions;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
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
    public async Task SlowNode_DatagramsAreDroppedUnderQueueFull()
    {
        await using var edge = await EdgeFixture.StartAsync(options => options with
        {
            Limits = new EdgeLimits { TunnelQueueBytes = 32 * 1024, DeviceQueueBytes = 64 * 1024, NodeQueueBytes = 64 * 1024 },
        });
        using var stuck = new SemaphoreSlim(0);
        var own = edge.Issue(PeerRole.Node, "node-1");
        var node = await ScriptedPeer.DialAsync(edge, Alpn.Node, own, (frame, connection) =>
        {
            if (frame.Type == FrameType.Open)
            {
                connection.TrySend(FrameType.Opened, frame.Channel, new Opened());
            }
            else if (frame.Type == FrameType.Datagram)
            {
                // The node's read loop stops: its socket fills, then the edge's queue.
                stuck.Wait(TimeSpan.FromSeconds(60));
            }

            return Reason.None;
        });
        await node.AttachAsync(own);
        var device = await edge.AttachDeviceAsync();
        var channel = await EdgeFixture.OpenAsync(device);
        var payload = new byte[16_000];

        // The sockets between take megabytes; the sender's own queue may drop too, which does not matter here.
        for (var i = 0; i < 100_000 && DroppedByEdge() == 0; i++)
        {
            device.Connection.TrySendDatagram(channel, payload);
            await Task.Yield();
        }

        Assert.True(DroppedByEdge() > 0);
        stuck.Release(1_000_000);
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
