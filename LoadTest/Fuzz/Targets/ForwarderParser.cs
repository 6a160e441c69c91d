using OrleansUem.Agent.Tun;
using OrleansUem.Agent.Tunnel;
using OrleansUem.Agent.Uplink;
using OrleansUem.Node;
using OrleansUem.Node.Forwarding;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Queues;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>
/// A node's <see cref="PacketForwarder"/> between two devices and the TUN; the first byte of the input picks who sends. Nothing reaches the TUN but packets with the device's own source address to a
/// destination that the policy allows, and nothing reaches a device but packets to it.
/// </summary>
internal sealed class ForwarderParser : FuzzParser
{
    private static readonly Ipv4Prefix Pool = Ipv4Prefix.Parse("10.64.0.0/24");
    private static readonly DestinationPolicy Policy = DestinationPolicy.Parse("10.1.0.0/24:udp", "!10.1.1.0/24", "10.1.0.0/16");

    private readonly byte[] _written = new byte[2_000];
    private readonly MemoryTunDevice _network;
    private readonly SendBatch _batch = new(_ => { });
    private readonly NodeMetrics _metrics = new();
    private readonly PacketForwarder _forwarder;
    private readonly Port _first = new(Ipv4Address.Parse("10.64.0.2"));
    private readonly Port _second = new(Ipv4Address.Parse("10.64.0.3"));
    private long _now;

    public ForwarderParser()
    {
        (var tun, _network) = MemoryTunDevice.CreatePair(mtuBytes: 1_370);
        _forwarder = new PacketForwarder(Pool, Ipv4Address.Parse("10.64.0.1"), Policy, isDeviceToDeviceAllowed: false, tun, _metrics, () => _now);
        _forwarder.Add(_first);
        _forwarder.Add(_second);
    }

    public override bool Take(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return false;
        }

        // Time moves on, so that rate limits and the memory of fragments never hide what comes later.
        _now += 60_000;
        (_first.Sent, _second.Sent) = (null, null);
        var packet = input[1..];
        var isTaken = false;
        if ((input[0] & 1) == 0)
        {
            _forwarder.FromTunnel(_first, packet);
            _forwarder.EndBatch();
            Require(_second.Sent is null, "A packet went from device to device, which is not allowed.");
            if (_network.TryRead(_written, out _, out var bytes))
            {
                isTaken = true;
                Require(Ipv4Packet.TryParse(_written.AsSpan(0, bytes), out var passed, out _) && passed.Source == _first.Address, "A packet with a forged source address passed.");
                Require(passed.Destination == Ipv4Address.Parse("10.64.0.1") || Policy.Judge(passed) == PolicyVerdict.Permitted, "A packet passed that the policy forbids.");
            }
        }
        else
        {
            if (PacketSegmenter.TryCreate(default, packet.ToArray(), out var packets) == DropReason.Unspecified)
            {
                _forwarder.FromTun(ref packets, _batch);
            }

            Check(_first);
            Check(_second);
            while (_network.TryRead(_written, out _, out _))
            {
                // ICMP errors to the network, which the target "packet" looks at.
                isTaken = true;
            }
        }

        return isTaken || _first.Sent is not null || _second.Sent is not null;
    }

    protected override void Close()
    {
        _forwarder.Dispose();
        _metrics.Dispose();
    }

    private static void Check(Port port) =>
        Require(port.Sent is null || (Ipv4Packet.TryParse(port.Sent, out var sent, out _) && sent.Destination == port.Address), "A device got a packet for another.");

    private sealed class Port(Ipv4Address address) : IPacketPort
    {
        public Ipv4Address Address => address;

        public int MtuBytes => 1_280;

        public PermittedTraffic Permitted { get; } = new();

        public TokenBucket IcmpLimit { get; } = new(perSecond: 10, burst: 20);

        public byte[]? Sent { get; set; }

        public DropReason SendPacket(ReadOnlySpan<byte> packet, SendBatch batch)
        {
            if (packet.Length > MtuBytes)
            {
                return DropReason.Oversize;
            }

            Sent = packet.ToArray();
            return DropReason.Unspecified;
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
}
