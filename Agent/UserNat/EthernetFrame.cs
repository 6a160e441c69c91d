using System.Buffers.Binary;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.Agent.UserNat;

/// <summary>The Ethernet around packets of a virtual network with one guest on it: headers, and the ARP reply that names the guest (RFC 826).</summary>
internal static class EthernetFrame
{
    public const int HeaderBytes = 14;
    public const int AnnouncementBytes = HeaderBytes + 28;

    private const int TypeOffset = 12;
    private const ushort TypeIpv4 = 0x0800;
    private const ushort TypeArp = 0x0806;
    private const ushort ArpReply = 2;

    /// <summary>Locally administered (IEEE 802 §8.2.2): the second bit of the first byte.</summary>
    private static ReadOnlySpan<byte> GuestAddress => [0x02, 0x75, 0x65, 0x6d, 0x00, 0x01];

    private static ReadOnlySpan<byte> Broadcast => [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

    /// <summary>The header of a packet from the guest.</summary>
    /// <param name="header">At least <see cref="HeaderBytes"/>.</param>
    public static void WriteHeader(Span<byte> header) => WriteHeader(header, TypeIpv4);

    /// <summary>An unasked ARP reply: this IPv4 address is the guest's.</summary>
    /// <param name="guest">The address.</param>
    /// <param name="frame">At least <see cref="AnnouncementBytes"/>.</param>
    public static void WriteAnnouncement(Ipv4Address guest, Span<byte> frame)
    {
        WriteHeader(frame, TypeArp);
        var arp = frame[HeaderBytes..];
        BinaryPrimitives.WriteUInt16BigEndian(arp, 1);
        BinaryPrimitives.WriteUInt16BigEndian(arp[2..], TypeIpv4);
        (arp[4], arp[5]) = (6, 4);
        BinaryPrimitives.WriteUInt16BigEndian(arp[6..], ArpReply);
        GuestAddress.CopyTo(arp[8..]);
        guest.Write(arp[14..]);
        GuestAddress.CopyTo(arp[18..]);
        guest.Write(arp[24..]);
    }

    /// <summary>The IPv4 packet of a frame.</summary>
    /// <returns>False: the frame carries something else.</returns>
    public static bool TryGetPacket(ReadOnlySpan<byte> frame, out ReadOnlySpan<byte> packet)
    {
        var isIpv4 = frame.Length > HeaderBytes && BinaryPrimitives.ReadUInt16BigEndian(frame[TypeOffset..]) == TypeIpv4;
        packet = isIpv4 ? frame[HeaderBytes..] : default;
        return isIpv4;
    }

    private static void WriteHeader(Span<byte> header, ushort type)
    {
        Broadcast.CopyTo(header);
        GuestAddress.CopyTo(header[Broadcast.Length..]);
        BinaryPrimitives.WriteUInt16BigEndian(header[TypeOffset..], type);
    }
}
