using OrleansUem.Agent.Tun;
using OrleansUem.Agent.Uplink;
using OrleansUem.Node;
using OrleansUem.Node.Forwarding;
using OrleansUem.Protocol.Packets;
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

    public PacketForwarderTests() => (_tun, _kernel) = MemoryTunDevice.CreatePair(mtuBytes: 1_500);

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

    public void Dispose() => _metrics.Dispose();

    [Theory]
    [MemberData(nameof(FromDevice))]
    public void FromTunnel_Packet_JudgedAsNamed(string what, byte[] packet, DropReason drop)
    {
        Assert.NotEmpty(what);
        Create().FromTunnel(_port, packet);
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
        forwarder.FromTun(packet, _batch);
        Assert.Equal([packet], _port.Sent);
        forwarder.FromTun(PacketBuilder.Tcp("10.1.0.9", "10.64.0.77", 1), _batch);
        forwarder.FromTun(PacketBuilder.Tcp("10.1.0.9", "192.0.2.1", 1), _batch);
        Assert.Equal(2, _metrics.Dropped(DropReason.UnknownDestination));
        forwarder.FromTun([0x60, .. new byte[39]], _batch);
        Assert.Equal(1, _metrics.Dropped(DropReason.NotIpv4));
        _port.Result = DropReason.QueueFull;
        forwarder.FromTun(packet, _batch);
        Assert.Equal(1, _metrics.Dropped(DropReason.QueueFull));
        forwarder.Remove(_port);
        forwarder.FromTun(packet, _batch);
        Assert.Equal(3, _metrics.Dropped(DropReason.UnknownDestination));
    }

    [Fact]
    public void FromTun_TooLongForTheDevice_SenderLearnsTheMtu()
    {
        _port.Result = DropReason.Oversize;
        Create().FromTun(PacketBuilder.DontFragment(PacketBuilder.Tcp("10.1.0.9", "10.64.0.2", 1, 1_300)), _batch);
        var buffer = new byte[1_500];
        Assert.True(_kernel.TryRead(buffer, out var bytes));
        Assert.True(Ipv4Packet.TryParse(buffer.AsSpan(0, bytes), out var answer, out _));
        Assert.Equal((3, 4), (answer.Payload[0], answer.Payload[1]));
        Assert.Equal(1_280, (answer.Payload[6] << 8) | answer.Payload[7]);
    }

    [Fact]
    public void Remove_AfterAnotherTookTheAddress_LeavesIt()
    {
        var forwarder = Create();
        var newer = new Port("10.64.0.2");
        Assert.Same(_port, forwarder.Add(newer));
        forwarder.Remove(_port);
        forwarder.FromTun(PacketBuilder.Tcp("10.1.0.9", "10.64.0.2", 1), _batch);
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
            forwarder.FromTun(packet, _batch);
            while (_kernel.TryRead(new byte[1_500], out _))
            {
            }

            _port.Sent.Clear();
            _other.Sent.Clear();
        }
    }

    private PacketForwarder Create(bool isDeviceToDeviceAllowed = false)
    {
        var forwarder = new PacketForwarder(
            Ipv4Prefix.Parse("10.64.0.0/24"),
            Ipv4Address.Parse("10.64.0.1"),
            DestinationPolicy.Parse("10.1.0.0/16:tcp/443", "10.1.0.0/16:udp/53"),
            isDeviceToDeviceAllowed,
            _tun,
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

        public Ipv4Address Address { get; } = Ipv4Address.Parse(address);

        public int MtuBytes => 1_280;

        public PermittedFragments Fragments { get; } = new();

        public RateLimit IcmpLimit { get; } = new(10, 20);

        public DropReason SendPacket(ReadOnlySpan<byte> packet)
        {
            if (Result == DropReason.Unspecified)
            {
                Sent.Add(packet.ToArray());
            }

            return Result;
        }

        public DropReason SendPacket(ReadOnlySpan<byte> packet, SendBatch batch) => SendPacket(packet);
    }
}
