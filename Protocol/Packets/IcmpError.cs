using System.Buffers.Binary;

namespace OrleansUem.Protocol.Packets;

/// <summary>
/// Builds the ICMP errors that a forwarder owes the sender of a packet it does not forward (RFC 792, RFC 1812 §4.3.2), so that
/// an app fails at once and not by timeout. The caller limits their rate (RFC 1812 §4.3.2.8).
/// </summary>
public static class IcmpError
{
    /// <summary>An error quotes as much as fits into 576 bytes, which every host can receive (RFC 1812 §4.3.2.3).</summary>
    public const int PacketBytesMax = 576;

    private const int IcmpHeaderBytes = 8;
    private const byte DestinationUnreachable = 3;
    private const byte CodeFragmentationNeeded = 4;
    private const byte CodeAdministrativelyProhibited = 13;

    // Internetwork control precedence, RFC 1812 §4.3.2.5.
    private const byte TypeOfService = 0xC0;
    private const byte TimeToLive = 64;
    private const ushort DontFragment = 0x4000;

    /// <summary>
    /// Type 3 code 13, communication administratively prohibited by filtering (RFC 1812 §5.2.7.1): Linux reports it to the
    /// app as EHOSTUNREACH.
    /// </summary>
    /// <param name="about">The packet that is not forwarded.</param>
    /// <param name="sender">The forwarder's own address.</param>
    /// <param name="destination">Receives the error; <see cref="PacketBytesMax"/> bytes always suffice.</param>
    /// <param name="bytes">The error's length; 0 when false.</param>
    /// <returns>False when no error may be sent about this packet.</returns>
    public static bool TryBuildAdministrativelyProhibited(
        in Ipv4Packet about, Ipv4Address sender, Span<byte> destination, out int bytes) =>
        TryBuild(about, sender, CodeAdministrativelyProhibited, nextHopMtuBytes: 0, destination, out bytes);

    /// <summary>Type 3 code 4 with the MTU of the next hop (RFC 1191 §4), for a packet with DF that is too large.</summary>
    /// <param name="about">The packet that does not fit.</param>
    /// <param name="sender">The forwarder's own address.</param>
    /// <param name="nextHopMtuBytes">The largest packet that would have been forwarded, at least 68.</param>
    /// <param name="destination">Receives the error; <see cref="PacketBytesMax"/> bytes always suffice.</param>
    /// <param name="bytes">The error's length; 0 when false.</param>
    /// <returns>False when no error may be sent about this packet, or it lacks DF and should be fragmented instead.</returns>
    public static bool TryBuildFragmentationNeeded(
        in Ipv4Packet about, Ipv4Address sender, ushort nextHopMtuBytes, Span<byte> destination, out int bytes)
    {
        bytes = 0;
        return about.IsDontFragment
            && TryBuild(about, sender, CodeFragmentationNeeded, nextHopMtuBytes, destination, out bytes);
    }

    /// <summary>
    /// True when an error may be sent about a packet (RFC 1122 §3.2.2, RFC 1812 §4.3.2.7): never about an ICMP error or an
    /// ICMP type that is not known to be a query, never to or about a group, never about a later fragment, and only to an
    /// address that names one host.
    /// </summary>
    /// <param name="about">The packet that is not forwarded.</param>
    public static bool MayAnswer(in Ipv4Packet about) =>
        about.Source.IsUnicastHost
        && about.Destination.IsUnicastHost
        && !about.IsLaterFragment
        && (about.Protocol != IpProtocolNumber.Icmp || IsQuery(about.Payload[0]));

    // Echo, timestamp, information and mask, reply and request (RFC 792, RFC 950).
    private static bool IsQuery(byte icmpType) => icmpType is 0 or 8 or (>= 13 and <= 18);

    private static bool TryBuild(
        in Ipv4Packet about, Ipv4Address sender, byte code, ushort nextHopMtuBytes, Span<byte> destination, out int bytes)
    {
        bytes = 0;
        if (!MayAnswer(about))
        {
            return false;
        }

        const int QuoteOffset = Ipv4Packet.HeaderBytesMin + IcmpHeaderBytes;
        int quotedBytes = Math.Min(about.TotalBytes, PacketBytesMax - QuoteOffset);
        int totalBytes = QuoteOffset + quotedBytes;
        if (destination.Length < totalBytes)
        {
            return false;
        }

        Span<byte> packet = destination[..totalBytes];
        packet[..QuoteOffset].Clear();
        packet[0] = 0x45;
        packet[1] = TypeOfService;
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)totalBytes);
        BinaryPrimitives.WriteUInt16BigEndian(packet[6..], DontFragment);
        packet[8] = TimeToLive;
        packet[9] = (byte)IpProtocolNumber.Icmp;
        sender.Write(packet[12..]);
        about.Source.Write(packet[16..]);
        ushort headerChecksum = InternetChecksum.Compute(packet[..Ipv4Packet.HeaderBytesMin]);
        BinaryPrimitives.WriteUInt16BigEndian(packet[10..], headerChecksum);

        Span<byte> icmp = packet[Ipv4Packet.HeaderBytesMin..];
        icmp[0] = DestinationUnreachable;
        icmp[1] = code;
        BinaryPrimitives.WriteUInt16BigEndian(icmp[6..], nextHopMtuBytes);
        about.Bytes[..quotedBytes].CopyTo(icmp[IcmpHeaderBytes..]);
        BinaryPrimitives.WriteUInt16BigEndian(icmp[2..], InternetChecksum.Compute(icmp));
        bytes = totalBytes;
        return true;
    }
}
