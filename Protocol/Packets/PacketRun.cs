using System.Buffers.Binary;

namespace OrleansUem.Protocol.Packets;

/// <summary>
/// Cuts IPv4 packets that stand back to back, each as long as its header says (RFC 791 §3.1, total length), as one record of the end-to-end session holds them. Where no length fits, what is left comes out as one packet,
/// as it stands: who takes it judges it. Any bytes; allocates nothing.
/// </summary>
public ref struct PacketRun
{
    private ReadOnlySpan<byte> _rest;

    /// <param name="content">Packets back to back.</param>
    public PacketRun(ReadOnlySpan<byte> content) => _rest = content;

    /// <summary>The packet that <see cref="MoveNext"/> cut; never empty then.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>Cuts the next packet.</summary>
    /// <returns>False when nothing is left.</returns>
    public bool MoveNext()
    {
        var bytes = _rest.Length < Ipv4Packet.HeaderBytesMin ? 0 : BinaryPrimitives.ReadUInt16BigEndian(_rest[Ipv4Header.TotalLengthOffset..]);
        Current = bytes >= Ipv4Packet.HeaderBytesMin && bytes < _rest.Length ? _rest[..bytes] : _rest;
        _rest = _rest[Current.Length..];
        return !Current.IsEmpty;
    }
}
