using OrleansUem.Agent.Tun;
using OrleansUem.Agent.Tunnel;
using OrleansUem.Agent.Uplink;
using OrleansUem.Node;
using OrleansUem.Node.Forwarding;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Queues;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Protocol.Packets;
using Xunit;

namespace OrleansUem.Tests.Node;

public sealed class PacketForwarderTests : IDisposable
{
    private readonly NodeMetrics _metrics = new();
    private readonly SendBatch _batch = new(_ => { });
    private readonly MemoryTunDevice _tun;
    private readonly MemoryTunDevice _kernel;
    private readonly Port _port = new("10.64.0.2");
    private readonly Port _other = new("10.64.0.3");
    private PacketForwarder? _forwarder;

    public PacketForwarderTests() => (_tun, _kernel) = MemoryTunDevice.CreatePair(mtuBytes: 1_500);

    public static TheoryData<string, int> SuperPackets => new() { { "tcp", 900 }, { "udp", 300 } };

    public static TheoryData<string, byte[], DropReason> FromDevice => new()
    {
        { "allowed port", PacketBuilder.Tcp("10.64.0.2", "10.1.0.9", 443), DropReason.Unspecified },
        { "denied port", PacketBuilder.Tcp("10.64.0.2", "10.1.0.9", 22), DropReason.DestinationDenied },
        { "denied network", PacketBuilder.Tcp("10.64.0.2", "10.2.0.9", 443), DropReason.DestinationDenied },
        { "spoofed outside", PacketBuilder.Tcp("192.0.2.1", "10.1.0.9", 443), DropReason.SourceAddress },
        { "spoofed other device", PacketBuilder.Tcp("10.64.0.3", "10.1.0.9", 443), DropReason.SourceAddress },
        { "spoofed node", PacketBuilder.Tcp("10.64.0.1", "10.1.0.9", 443), DropReason.SourceAddress },
        { "ping of the node", PacketBuilder.Icmp("10.64.0.2", "10.64.0.1", 8), DropReason.Unspecified },
        { "service of the node", PacketBuilder.Tcp("10.64.0.2", "10.64.0.1", 22), DropReason.DestinationDenied },
        { "other device", PacketBuilder.Tcp("10.64.0.2", "10.64.0.3", 443), DropReason.DestinationDenied },
        { "broadcast", PacketBuilder.Udp("10.64.0.2", "255.255.255.255", 67), DropReason.DestinationDenied },
        { "loopback", PacketBuilder.Tcp("10.64.0.2", "127.0.0.1", 443), DropReason.DestinationDenied },
        { "cut", PacketBuilder.Tcp("10.64.0.2", "10.1.0.9", 443)[..30], DropReason.MalformedPacket },
        { "garbage", [0x45, 1, 2, 3], DropReason.MalformedPacket },
    };

    public void Dispose()
    {
        _forwarder?.Dispose();
        _metrics.Dispose();
    }

    [Theory]
    [MemberData(nameof(FromDevice))]
    public void FromTunnel_Packet_JudgedAsNamed(string what, byte[] packet, DropReason drop)
    {
        Assert.NotEmpty(what);
        var forwarder = Create();
        forwarder.FromTunnel(_port, packet);
        forwarder.EndBatch();
        var buffer = new byte[1_500];
        var isWritten = _kernel.TryRead(buffer, out var bytes);
        Assert.Equal(drop == DropReason.Unspecified, isWritten);
        if (isWritten)
        {
            Assert.Equal(packet, buffer[..bytes]);
            Assert.Equal(1, _metrics.PacketsFromDevices);
        }
        else
        {
            Assert.Equal(1, _metrics.Dropped(drop));
        }
    }

    [Fact]
    public void FromTunnel_Denied_TellsTheDeviceByIcmpWithinTheRate()
    {
        var forwarder = Create();
        for (var i = 0; i < 100; i++)
        {
            forwarder.FromTunnel(_port, PacketBuilder.Tcp("10.64.0.2", "10.1.0.9", 22));
        }

        Assert.Equal(20, _port.Sent.Count);
        Assert.True(Ipv4Packet.TryParse(_port.Sent[0], out var answer, out _));
        Assert.Equal(("10.64.0.1", "10.64.0.2"), (answer.Source.ToString(), answer.Destination.ToString()));
        Assert.Equal((3, 13), (answer.Payload[0], answer.Payload[1]));
    }

    [Fact]
    public void FromTunnel_OtherDeviceWhenAllowed_GoesToItsTunnel()
    {
        var packet = PacketBuilder.Tcp("10.64.0.2", "10.64.0.3", 443);
        Create(isDeviceToDeviceAllowed: true).FromTunnel(_port, packet);
        Assert.Equal([packet], _other.Sent);
    }

    [Fact]
    public void FromTun_Packets_GoToTheirTunnelsOrAreDroppedByName()
    {
        var forwarder = Create();
        var packet = PacketBuilder.Tcp("10.1.0.9", "10.64.0.2", 40_000);
        FromTun(forwarder, packet);
        Assert.Equal([packet], _port.Sent);
        FromTun(forwarder, PacketBuilder.Tcp("10.1.0.9", "10.64.0.77", 1));
        FromTun(forwarder, PacketBuilder.Tcp("10.1.0.9", "192.0.2.1", 1));
        Assert.Equal(2, _metrics.Dropped(DropReason.UnknownDestination));
        FromTun(forwarder, [0x60, .. new byte[39]]);
        Assert.Equal(1, _metrics.Dropped(DropReason.NotIpv4));
        _port.Result = DropReason.QueueFull;
        FromTun(forwarder, packet);
        Assert.Equal(1, _metrics.Dropped(DropReason.QueueFull));
        forwarder.Remove(_port);
        FromTun(forwarder, packet);
        Assert.Equal(3, _metrics.Dropped(DropReason.UnknownDestination));
    }

    [Fact]
    public void FromTun_TooLongForTheDevice_SenderLearnsTheMtu()
    {
        FromTun(Create(), PacketBuilder.DontFragment(PacketBuilder.Tcp("10.1.0.9", "10.64.0.2", 1, 1_300)));
        var buffer = new byte[1_500];
        Assert.True(_kernel.TryRead(buffer, out var bytes));
        Assert.True(Ipv4Packet.TryParse(buffer.AsSpan(0, bytes), out var answer, out _));
        Assert.Equal((3, 4), (answer.Payload[0], answer.Payload[1]));
        Assert.Equal(1_280, (answer.Payload[6] << 8) | answer.Payload[7]);
    }

    [Theory]
    [MemberData(nameof(SuperPackets))]
    public void FromTun_SuperPacket_GoesToItsTunnelAsPackets(string kind, int segmentBytes)
    {
        var (offload, packet) = ToDevice(kind, 9_000, segmentBytes);
        var expected = SuperPacketBuilder.Cut(packet, segmentBytes);
        var forwarder = Create();
        FromTun(forwarder, [.. packet], offload);
        Assert.Equal(expected, _port.Sent);
        Assert.Equal(expected.Count, _metrics.PacketsToDevices);

        _port.Result = DropReason.NoTunnel;
        FromTun(forwarder, [.. packet], offload);
        Assert.Equal(expected.Count, _metrics.Dropped(DropReason.NoTunnel));
        forwarder.Remove(_port);
        FromTun(forwarder, packet, offload);
        Assert.Equal(expected.Count, _metrics.Dropped(DropReason.UnknownDestination));
        Assert.Equal(expected.Count, _metrics.PacketsToDevices);
    }

    [Fact]
    public void FromTun_SuperPacketWithTooLongSegments_SenderLearnsTheMtuByTheFirst()
    {
        var (offload, packet) = ToDevice("tcp", 9_000, 1_300);
        var expected = SuperPacketBuilder.Cut(packet, 1_300);
        FromTun(Create(), packet, offload);
        Assert.Empty(_port.Sent);
        Assert.Equal(expected.Count, _metrics.Dropped(DropReason.Oversize));
        var buffer = new byte[1_500];
        Assert.True(_kernel.TryRead(buffer, out var bytes));
        Assert.True(Ipv4Packet.TryParse(buffer.AsSpan(0, bytes), out var answer, out _));
        Assert.Equal((3, 4), (answer.Payload[0], answer.Payload[1]));
        Assert.Equal(expected[0][..100], answer.Payload[8..108].ToArray());
        Assert.False(_kernel.TryRead(buffer, out _));
    }

    [Fact]
    public void FromTunnel_PacketsThatCameTogether_ReachTheKernelAsOneAtTheBatchsEnd()
    {
        var (tun, kernel) = MemoryTunDevice.CreatePair(mtuBytes: 1_500, offloads: TunOffloads.All);
        var packets = FromDeviceTcp(9_000, 900);
        var forwarder = Create(tun: tun);
        packets.ForEach(packet => forwarder.FromTunnel(_port, packet));
        var buffer = new byte[65_535];
        Assert.False(kernel.TryRead(buffer, out _, out _));

        forwarder.EndBatch();
        Assert.True(kernel.TryRead(buffer, out var offload, out var bytes));
        Assert.Equal((VirtioSegmentation.Tcp4, 900), (offload.Segmentation, offload.SegmentBytes));
        Assert.Equal(packets, SuperPacketBuilder.Cut(buffer[..bytes], 900));
        Assert.Equal(packets.Count, _metrics.PacketsFromDevices);

        kernel.Stop();
        packets.ForEach(packet => forwarder.FromTunnel(_port, packet));
        forwarder.EndBatch();
        Assert.Equal(packets.Count, _metrics.Dropped(DropReason.TunFull));
        Assert.Equal(packets.Count, _metrics.PacketsFromDevices);
    }

    [Fact]
    public void FromTunAndFromTunnel_AllocateNothingPerPacket()
    {
        var (offload, packet) = ToDevice("tcp", 9_000, 900);
        var packets = FromDeviceTcp(9_000, 900);
        var forwarder = Create(tun: new NullTunDevice());
        var copy = new byte[packet.Length];
        _port.Keeps = false;
        Run();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Run();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(2 * packets.Count, _metrics.PacketsFromDevices);
        Assert.Equal(20, _metrics.PacketsToDevices);

        void Run()
        {
            packet.CopyTo(copy, 0);
            FromTun(forwarder, copy, offload);
            foreach (var fromDevice in packets)
            {
                forwarder.FromTunnel(_port, fromDevice);
            }

            forwarder.EndBatch();
        }
    }

    [Fact]
    public void Remove_AfterAnotherTookTheAddress_LeavesIt()
    {
        var forwarder = Create();
        var newer = new Port("10.64.0.2");
        Assert.Same(_port, forwarder.Add(newer));
        forwarder.Remove(_port);
        FromTun(forwarder, PacketBuilder.Tcp("10.1.0.9", "10.64.0.2", 1));
        Assert.Single(newer.Sent);
    }

    [Fact]
    public void FromTunnelAndFromTun_AnyBytes_NeverThrow()
    {
        var forwarder = Create(isDeviceToDeviceAllowed: true);
        for (var seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            var packet = PacketBuilder.Udp("10.64.0.2", random.Next(2) == 0 ? "10.1.0.9" : "10.64.0.3", 53, random.Next(40));
            for (var i = random.Next(6); i > 0; i--)
            {
                packet[random.Next(packet.Length)] = (byte)random.Next(256);
            }

            packet = random.Next(2) == 0 ? PacketBuilder.Seal(packet) : packet[..random.Next(packet.Length)];
            forwarder.FromTunnel(_port, packet);
            FromTun(forwarder, packet);
            while (_kernel.TryRead(new byte[1_500], out _))
            {
            }

            _port.Sent.Clear();
            _other.Sent.Clear();
        }
    }

    private void FromTun(PacketForwarder forwarder, byte[] packet, VirtioNetHeader offload = default)
    {
        if (PacketSegmenter.TryCreate(offload, packet, out var packets) == DropReason.Unspecified)
        {
            forwarder.FromTun(ref packets, _batch);
        }
    }

    private static (VirtioNetHeader Offload, byte[] Packet) ToDevice(string kind, int payloadBytes, int segmentBytes)
    {
        var (offload, packet) = kind == "tcp"
            ? SuperPacketBuilder.Tcp(new Random(1), payloadBytes, segmentBytes)
            : SuperPacketBuilder.Udp(new Random(1), payloadBytes, segmentBytes);
        Ipv4Address.Parse("10.64.0.2").Write(packet.AsSpan(16));
        return (offload, SuperPacketBuilder.SealIp(packet));
    }

    private static List<byte[]> FromDeviceTcp(int payloadBytes, int segmentBytes)
    {
        var (_, packet) = SuperPacketBuilder.Tcp(new Random(1), payloadBytes, segmentBytes);
        Ipv4Address.Parse("10.64.0.2").Write(packet.AsSpan(12));
        Ipv4Address.Parse("10.1.0.9").Write(packet.AsSpan(16));
        packet[22] = 443 >> 8;
        packet[23] = 443 & 255;
        return SuperPacketBuilder.Cut(packet, segmentBytes);
    }

    private PacketForwarder Create(bool isDeviceToDeviceAllowed = false, ITunDevice? tun = null)
    {
        var forwarder = _forwarder = new PacketForwarder(
            Ipv4Prefix.Parse("10.64.0.0/24"),
            Ipv4Address.Parse("10.64.0.1"),
            DestinationPolicy.Parse("10.1.0.0/16:tcp/443", "10.1.0.0/16:udp/53"),
            isDeviceToDeviceAllowed,
            tun ?? _tun,
            _metrics,
            () => 0);
        forwarder.Add(_port);
        forwarder.Add(_other);
        return forwarder;
    }

    private sealed class Port(string address) : IPacketPort
    {
        public List<byte[]> Sent { get; } = [];

        public DropReason Result { get; set; }

        public bool Keeps { get; set; } = true;

        public Ipv4Address Address { get; } = Ipv4Address.Parse(address);

        public int MtuBytes => 1_280;

        public PermittedTraffic Permitted { get; } = new();

        public TokenBucket IcmpLimit { get; } = new(10, 20);

        public DropReason SendPacket(ReadOnlySpan<byte> packet, SendBatch batch)
        {
            if (Result == DropReason.Unspecified && Keeps)
            {
                Sent.Add(packet.ToArray());
            }

            return Result;
        }

        public DropReason SendPackets(scoped ref PacketSegmenter packets, SendBatch batch, out TakenPackets taken)
        {
            var drop = SendPacket(packets.Current, batch);
            taken = drop == DropReason.Unspecified ? new TakenPackets(1, packets.Current.Length) : default;
            if (drop == DropReason.Unspecified)
            {
                packets.MoveNext();
            }

            return drop;
        }
    }

    /// <summary>Takes everything and keeps nothing.</summary>
    private sealed class NullTunDevice : ITunDevice
    {
        public string Name => "null";

        public int MtuBytes => 1_500;

        public TunOffloads Offloads => TunOffloads.All;

        public string OffloadNotice => "";

        public int ReadBytesMax => 65_535;

        public bool IsStopped => false;

        public TunCounters Counters => default;

        public bool TryRead(Span<byte> packet, out VirtioNetHeader offload, out int bytes)
        {
            offload = default;
            bytes = 0;
            return false;
        }

        public bool WaitReadable() => false;

        public bool TryWrite(ReadOnlySpan<byte> packet) => true;

        public bool TryWrite(in CoalescedPacket packet) => true;

        public void Stop()
        {
        }

        public void Dispose()
        {
        }
    }
}
