using System.Buffers.Binary;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.Tests.Protocol.Packets;

/// <summary>
/// Packets of several TCP and UDP flows as they come from a network, mixed: mostly bulk that could be joined, with everything in between that must not be.
/// </summary>
internal sealed class TrafficGenerator
{
    private readonly Random _random;
    private readonly Flow[] _flows;

    public TrafficGenerator(Random random)
    {
        _random = random;
        _flows = [.. Enumerable.Range(0, random.Next(1, 9)).Select(i => new Flow(random, i))];
    }

    /// <summary>Protocol, addresses and, but for fragments, ports.</summary>
    public static string FlowOf(byte[] packet) =>
        Convert.ToHexString(packet.AsSpan(9, 1)) + Convert.ToHexString(packet.AsSpan(12, Math.Min(packet.Length - 12, 12)));

    /// <summary>The packet with identification 0 when that has no meaning because it is never fragmented (RFC 6864 §4.1).</summary>
    public static byte[] WithoutMeaninglessIdentification(byte[] packet)
    {
        if (packet.Length < 20 || packet[0] != 0x45 || (packet[6] & 0x40) == 0)
        {
            return packet;
        }

        byte[] copy = [.. packet];
        copy.AsSpan(4, 2).Clear();
        return InternetChecksum.Compute(packet.AsSpan(0, 20)) == 0 ? SuperPacketBuilder.SealIp(copy) : copy;
    }

    /// <summary>Makes the next packets.</summary>
    public List<byte[]> Make(int count)
    {
        List<byte[]> packets = [];
        while (packets.Count < count)
        {
            Flow flow = _flows[_random.Next(_flows.Length)];
            for (int run = _random.Next(1, 12); run > 0; run--)
            {
                packets.Add(flow.Next());
            }
        }

        return packets;
    }

    private sealed class Flow
    {
        private readonly Random _random;
        private readonly int _number;
        private readonly bool _isTcp;
        private readonly bool _isAtomic;
        private readonly bool _hasOneIdentification;
        private readonly int _optionBytes;
        private readonly byte[] _options = new byte[40];
        private int _size;
        private uint _sequence;
        private uint _acknowledgement;
        private ushort _window;
        private ushort _identification;

        public Flow(Random random, int number)
        {
            _random = random;
            _number = number;
            _isTcp = random.Next(2) == 0;
            _isAtomic = random.Next(3) > 0;
            _hasOneIdentification = _isAtomic && random.Next(2) == 0;
            _optionBytes = random.Next(4) * 4;
            _size = random.Next(1, 1300);
            _sequence = (uint)random.NextInt64(uint.MaxValue);
            _acknowledgement = (uint)random.Next();
            _window = (ushort)random.Next(65536);
            _identification = (ushort)random.Next(65536);
            random.NextBytes(_options);
        }

        public byte[] Next()
        {
            byte flags = SuperPacketBuilder.Ack;
            int payloadBytes = _size;
            bool isCorrupt = false;
            bool isWithoutChecksum = false;
            switch (_random.Next(40))
            {
                case 0:
                    payloadBytes = _random.Next(0, _size);
                    break;
                case 1:
                    flags |= SuperPacketBuilder.Push;
                    break;
                case 2:
                    flags = (byte)_random.Next(256);
                    break;
                case 3:
                    _acknowledgement++;
                    break;
                case 4:
                    _window++;
                    break;
                case 5:
                    _identification += 5;
                    break;
                case 6:
                    _sequence += 1000;
                    break;
                case 7:
                    _random.NextBytes(_options);
                    break;
                case 8:
                    _size = payloadBytes = _random.Next(1, 1300);
                    break;
                case 9:
                    isCorrupt = true;
                    break;
                case 10:
                    isWithoutChecksum = !_isTcp;
                    break;
                case 11:
                    return Fragment();
            }

            byte[] packet = Build(payloadBytes, flags);
            _sequence += (uint)payloadBytes;
            _identification += _hasOneIdentification ? (ushort)0 : (ushort)1;
            if (isCorrupt)
            {
                packet[_random.Next(packet.Length - 20) + 20] ^= 0x10;
            }
            else if (isWithoutChecksum)
            {
                packet[26] = packet[27] = 0;
            }

            return packet;
        }

        private byte[] Fragment()
        {
            byte[] packet = PacketBuilder.Fragment("10.1.0.9", "10.2.0.9", _isTcp ? (byte)6 : (byte)17, 77, 1480, more: _random.Next(2) == 0, payloadBytes: 64);
            _random.NextBytes(packet.AsSpan(20));
            return packet;
        }

        private byte[] Build(int payloadBytes, byte flags)
        {
            byte[] packet = _isTcp
                ? SuperPacketBuilder.Tcp(_random, payloadBytes, 1, flags, _optionBytes).Packet
                : SuperPacketBuilder.Udp(_random, payloadBytes, 1).Packet;
            packet[1] = 0;
            packet[8] = 64;
            packet[6] = (byte)(_isAtomic ? 0x40 : 0);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), _identification);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(20), 40_000);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), (ushort)(50_000 + _number));
            if (_isTcp)
            {
                BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(24), _sequence);
                BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(28), _acknowledgement);
                BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(34), _window);
                packet.AsSpan(38, 2).Clear();
                _options.AsSpan(0, _optionBytes).CopyTo(packet.AsSpan(40));
            }

            return SuperPacketBuilder.Seal(packet);
        }
    }
}
