using OrleansUem.Agent.Uplink;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Protocol.Packets;
using Xunit;

namespace OrleansUem.Tests.Agent.Tunnel;

/// <summary>Several packets in one record, where both ends' hops are streams.</summary>
public sealed class PackedRecordTests : IDisposable
{
    private const int SegmentBytes = 1_200;

    private readonly TunnelPair _pair = new();
    private readonly TunnelSession _ofDevice;
    private readonly TunnelSession _ofNode;
    private readonly SendBatch _batch = new(_ => { });

    public PackedRecordTests()
    {
        _pair.Up();
        _ofDevice = new TunnelSession(_pair.Node);
        _ofNode = new TunnelSession(_pair.Device);
    }

    public void Dispose() => _pair.Dispose();

    [Theory]
    [InlineData(true, true, 2)]
    [InlineData(true, false, 20)]
    [InlineData(false, true, 20)]
    [InlineData(false, false, 20)]
    public void SendPackets_SuperPacket_IsPackedOnlyBetweenStreams(bool isDeviceOnStream, bool isNodeOnStream, int frames)
    {
        (_ofDevice.IsStream, _ofNode.IsStream) = (isDeviceOnStream, isNodeOnStream);
        Greet();
        var (sent, dropped) = (_ofDevice.Frames, _pair.NodeEnd.Drops.Count);
        var (expected, drop) = SendFromDevice(packets: 20);

        Assert.Equal(DropReason.Unspecified, drop);
        Assert.Equal(expected, _pair.NodeEnd.Packets[^20..]);
        Assert.Equal((frames, dropped), (_ofDevice.Frames - sent, _pair.NodeEnd.Drops.Count));
        Assert.Equal(22, _pair.Device.Totals.PacketsSent);
        Assert.Equal(_pair.Device.Totals.PacketsSent, _pair.Node.Totals.PacketsReceived);
        Assert.Equal(_pair.Device.Totals.BytesSent, _pair.Node.Totals.BytesReceived);
    }

    [Fact]
    public void SendPackets_Packed_FillsOneRecordOfTls()
    {
        (_ofDevice.IsStream, _ofNode.IsStream) = (true, true);
        Greet();
        SendFromDevice(packets: 45);
        Assert.InRange(_ofDevice.LongestBytes + FrameLimits.HeaderBytes, 16_384 - SegmentBytes - 52, 16_384);
    }

    /// <summary>The word that a hop is no stream any more was lost: packed records that arrive all the same bring it again, not each of them.</summary>
    [Fact]
    public void OnDatagram_PackedAtAnEndOverUdp_SaysSoAgain()
    {
        (_ofDevice.IsStream, _ofNode.IsStream) = (true, true);
        Greet();
        _pair.NodeEnd.IsChannelFull = true;
        _ofNode.IsStream = false;
        Assert.Equal(DropReason.Unspecified, _pair.Node.SendPacket(Packet(), _ofNode, new Channel(3), _batch));
        _batch.Flush();
        _pair.NodeEnd.IsChannelFull = false;

        SendFromDevice(packets: 20);
        Assert.Empty(_pair.NodeEnd.Outbox);
        _pair.Time.Advance(TimeSpan.FromMilliseconds(TunnelLimits.HopNoticeInterval));
        SendFromDevice(packets: 20);
        SendFromDevice(packets: 20);
        Assert.Single(_pair.NodeEnd.Outbox);
        _pair.RunUntil(() => _pair.NodeEnd.Outbox.Count == 0, 100);
        _pair.RunUntil(() => false, 100);

        var before = _ofDevice.Frames;
        SendFromDevice(packets: 20);
        Assert.Equal(20, _ofDevice.Frames - before);
    }

    [Fact]
    public void SendPackets_LongerThanTheMtu_IsRefusedWhole()
    {
        Greet();
        var (offload, packet) = SuperPacketBuilder.Tcp(new Random(3), 4_200, 1_400);
        Assert.Equal(DropReason.Unspecified, PacketSegmenter.TryCreate(offload, packet, out var packets));
        packets.MoveNext();
        Assert.Equal(DropReason.Oversize, _pair.Device.SendPackets(ref packets, _ofDevice, new Channel(3), _batch, out var taken));
        Assert.Equal(default, taken);
        Assert.False(packets.Current.IsEmpty);
    }

    [Fact]
    public void SendPackets_Packed_AllocatesNothing()
    {
        (_ofDevice.IsStream, _ofNode.IsStream) = (true, true);
        Greet();
        (_pair.DeviceEnd.IsRecording, _pair.NodeEnd.IsRecording) = (false, false);
        var (offload, superPacket) = SuperPacketBuilder.Tcp(new Random(2), 45 * SegmentBytes, SegmentBytes);
        var copy = new byte[superPacket.Length];
        Pass(100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Pass(100);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Pass(int count)
        {
            for (var i = 0; i < count; i++)
            {
                superPacket.CopyTo(copy, 0);
                Send(offload, copy);
            }
        }
    }

    // One packet each way tells each end of the other's hop.
    private void Greet()
    {
        for (var i = 0; i < 2; i++)
        {
            _pair.Device.SendPacket(Packet(), _ofDevice, new Channel(3), _batch);
            _batch.Flush();
            _pair.Node.SendPacket(Packet(), _ofNode, new Channel(3), _batch);
            _batch.Flush();
            _pair.RunUntil(() => false, 100);
        }
    }

    private (IReadOnlyList<byte[]> Expected, DropReason Drop) SendFromDevice(int packets)
    {
        var (offload, superPacket) = SuperPacketBuilder.Tcp(new Random(1), packets * SegmentBytes, SegmentBytes);
        var expected = SuperPacketBuilder.Cut(superPacket, SegmentBytes);
        return (expected, Send(offload, superPacket));
    }

    private DropReason Send(in VirtioNetHeader offload, Span<byte> superPacket)
    {
        if (PacketSegmenter.TryCreate(offload, superPacket, out var packets) is var refused and not DropReason.Unspecified)
        {
            return refused;
        }

        packets.MoveNext();
        var drop = DropReason.Unspecified;
        while (drop == DropReason.Unspecified && !packets.Current.IsEmpty)
        {
            drop = _pair.Device.SendPackets(ref packets, _ofDevice, new Channel(3), _batch, out _);
        }

        _batch.Flush();
        return drop;
    }

    private static byte[] Packet() => PacketBuilder.Udp("10.64.0.2", "10.1.0.1", 53);
}
