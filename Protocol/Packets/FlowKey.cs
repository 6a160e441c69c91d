using System.Buffers.Binary;

namespace OrleansUem.Protocol.Packets;

/// <summary>The five-tuple as two numbers, as it stands in a packet: made and compared without taking the header apart.</summary>
/// <param name="Addresses">Source and destination.</param>
/// <param name="PortsAndProtocol">Source port, destination port and protocol.</param>
internal readonly record struct FlowKey(ulong Addresses, ulong PortsAndProtocol)
{
    /// <summary>Reads it from a packet with a header of 20 bytes and at least 4 bytes of transport header behind it.</summary>
    public static FlowKey Read(ReadOnlySpan<byte> packet) => new(
        BinaryPrimitives.ReadUInt64BigEndian(packet[Ipv4Header.SourceOffset..]),
        ((ulong)BinaryPrimitives.ReadUInt32BigEndian(packet[Ipv4Packet.HeaderBytesMin..]) << 8) | packet[Ipv4Header.ProtocolOffset]);

    /// <summary>Spreads keys over a table: the product's high bits depend on every bit of the key.</summary>
    /// <param name="bits">1 to 31.</param>
    public int Slot(int bits)
    {
        // Fibonacci hashing, 2^64 divided by the golden ratio.
        const ulong Multiplier = 0x9E3779B97F4A7C15;
        ulong mixed = ((Addresses * Multiplier) ^ PortsAndProtocol) * Multiplier;
        return (int)(mixed >> (64 - bits));
    }
}
