using System.Buffers.Binary;
using System.Runtime.InteropServices;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Paths;
using OrleansUem.Transport.Datagrams;

namespace OrleansUem.Transport.Native;

/// <summary>
/// recvmsg and sendmsg with the control messages of segmentation offload (linux/udp.h), packet information (ip(7), ipv6(7)) and lost datagrams (socket(7)). Structures are those of
/// 64-bit Linux.
/// </summary>
internal static unsafe partial class DatagramCalls
{
    public const int SocketLevel = 1;
    public const int IpLevel = 0;
    public const int Ipv6Level = 41;
    public const int UdpLevel = 17;
    public const int UdpSegment = 103;
    public const int UdpGro = 104;
    public const int IpPacketInformation = 8;
    public const int Ipv6PacketInformation = 50;
    public const int ReceiveOverflow = 40;

    private const string Library = "libc";
    private const int DoNotWait = 0x40;
    private const int NoSignal = 0x4000;
    private const int TruncatedFlag = 0x20;
    private const int AddressBytes = 28; // sockaddr_in6; sockaddr_in has 16
    private const int ControlHeaderBytes = 16; // struct cmsghdr: length u64, level i32, type i32
    private const int ControlBytes = 256; // room for the four messages above, aligned to 8
    private const ushort FamilyIpv4 = 2;
    private const ushort FamilyIpv6 = 10;

    /// <summary>Receives one datagram, or several of one sender that the kernel put together. Does not wait.</summary>
    /// <returns>None; EAGAIN when there is nothing; else what the socket says.</returns>
    public static Errno Receive(SafeHandle socket, Span<byte> buffer, out ReceivedDatagrams received)
    {
        received = default;
        var address = stackalloc byte[AddressBytes];
        var control = stackalloc byte[ControlBytes];
        fixed (byte* data = buffer)
        {
            var part = new IoVector { Base = data, Length = (nuint)buffer.Length };
            var message = new MessageHeader
            {
                Name = address,
                NameLength = AddressBytes,
                Parts = &part,
                PartCount = 1,
                Control = control,
                ControlLength = ControlBytes,
            };
            var bytes = ReceiveMessage(socket, &message, DoNotWait);
            if (bytes < 0)
            {
                return ErrnoText.Last();
            }

            if ((message.Flags & TruncatedFlag) != 0)
            {
                // Cannot be: a datagram has at most 65,535 bytes and so has a run of them.
                return Errno.EMSGSIZE;
            }

            received = new ReceivedDatagrams
            {
                Bytes = (int)bytes,
                SegmentBytes = (int)bytes,
                From = ReadAddress(address, (int)message.NameLength),
            };
            ReadControl(control, (int)message.ControlLength, ref received);
            return Errno.None;
        }
    }

    /// <summary>Sends what the slices of a buffer make up, as one datagram or as a run of them.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="buffer">What the slices are of.</param>
    /// <param name="slices">In order, 1..<see cref="UdpBatchSocket.SegmentsMax"/>.</param>
    /// <param name="segmentBytes">Size of each datagram but the last; 0: all of it is one.</param>
    /// <param name="to">The receiver; null on a connected socket.</param>
    /// <param name="from">The own address to send from; null: the kernel's choice.</param>
    /// <param name="isIpv6">The socket's family.</param>
    public static Errno Send(
        SafeHandle socket, ReadOnlySpan<byte> buffer, ReadOnlySpan<BufferSlice> slices, int segmentBytes, in PathAddress? to, in PathAddress? from, bool isIpv6)
    {
        var address = stackalloc byte[AddressBytes];
        var control = stackalloc byte[ControlBytes];
        var parts = stackalloc IoVector[slices.Length];
        fixed (byte* data = buffer)
        {
            for (var i = 0; i < slices.Length; i++)
            {
                parts[i] = new IoVector { Base = data + slices[i].Offset, Length = (nuint)slices[i].Bytes };
            }

            var message = new MessageHeader { Parts = parts, PartCount = (nuint)slices.Length };
            if (to is { } receiver)
            {
                message.Name = address;
                message.NameLength = (uint)WriteAddress(address, receiver, isIpv6);
            }

            var controlBytes = 0;
            if (segmentBytes > 0)
            {
                *(ushort*)AddControl(control, ref controlBytes, UdpLevel, UdpSegment, sizeof(ushort)) = (ushort)segmentBytes;
            }

            if (from is { } own)
            {
                WriteSource(control, ref controlBytes, own, isIpv6);
            }

            if (controlBytes > 0)
            {
                message.Control = control;
                message.ControlLength = (nuint)controlBytes;
            }

            return SendMessage(socket, &message, DoNotWait | NoSignal) < 0 ? ErrnoText.Last() : Errno.None;
        }
    }

    private static void ReadControl(byte* control, int length, ref ReceivedDatagrams received)
    {
        for (var offset = 0; offset + ControlHeaderBytes <= length;)
        {
            var bytes = (int)*(nuint*)(control + offset);
            if (bytes < ControlHeaderBytes || offset + bytes > length)
            {
                return;
            }

            var data = control + offset + ControlHeaderBytes;
            switch ((*(int*)(control + offset + 8), *(int*)(control + offset + 12)))
            {
                case (UdpLevel, UdpGro) when *(int*)data is > 0 and var size && size < received.Bytes:
                    received.SegmentBytes = size;
                    break;
                case (SocketLevel, ReceiveOverflow):
                    received.DropsSoFar = *(uint*)data;
                    break;
                case (IpLevel, IpPacketInformation):
                    // in_pktinfo: interface, the local address, the address in the header.
                    received.To = new PathAddress(Mapped(new ReadOnlySpan<byte>(data + 4, 4)), 0);
                    break;
                case (Ipv6Level, Ipv6PacketInformation):
                    var own = new ReadOnlySpan<byte>(data, 16);
                    received.To = new PathAddress(BinaryPrimitives.ReadUInt128BigEndian(own), 0, IsLinkLocal(own) ? *(uint*)(data + 16) : 0);
                    break;
                default:
                    break;
            }

            offset += Aligned(bytes);
        }
    }

    private static void WriteSource(byte* control, ref int controlBytes, in PathAddress own, bool isIpv6)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, own.Address);
        if (isIpv6)
        {
            var data = AddControl(control, ref controlBytes, Ipv6Level, Ipv6PacketInformation, 20);
            bytes.CopyTo(new Span<byte>(data, 16));

            *(uint*)(data + 16) = own.ScopeId;
        }
        else
        {
            var data = AddControl(control, ref controlBytes, IpLevel, IpPacketInformation, 12);
            *(int*)data = 0;
            bytes[12..].CopyTo(new Span<byte>(data + 4, 4));
            *(int*)(data + 8) = 0;
        }
    }

    private static byte* AddControl(byte* control, ref int controlBytes, int level, int type, int dataBytes)
    {
        var header = control + controlBytes;
        *(nuint*)header = (nuint)(ControlHeaderBytes + dataBytes);
        *(int*)(header + 8) = level;
        *(int*)(header + 12) = type;
        controlBytes += Aligned(ControlHeaderBytes + dataBytes);
        return header + ControlHeaderBytes;
    }

    private static PathAddress ReadAddress(byte* address, int length)
    {
        var bytes = new ReadOnlySpan<byte>(address, length);
        if (length >= 16 && *(ushort*)address == FamilyIpv4)
        {
            return new PathAddress(Mapped(bytes.Slice(4, 4)), BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]));
        }

        if (length < AddressBytes || *(ushort*)address != FamilyIpv6)
        {
            return default;
        }

        var value = BinaryPrimitives.ReadUInt128BigEndian(bytes[8..]);
        return new PathAddress(value, BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]), *(uint*)(address + 24));
    }

    private static int WriteAddress(byte* address, in PathAddress value, bool isIpv6)
    {
        var bytes = new Span<byte>(address, AddressBytes);
        bytes.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], value.Port);
        if (isIpv6)
        {
            *(ushort*)address = FamilyIpv6;
            BinaryPrimitives.WriteUInt128BigEndian(bytes[8..], value.Address);
            *(uint*)(address + 24) = value.ScopeId;
            return AddressBytes;
        }

        *(ushort*)address = FamilyIpv4;
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], (uint)value.Address);
        return 16;
    }

    private static UInt128 Mapped(ReadOnlySpan<byte> ipv4) => new(0, 0xFFFF_0000_0000UL | BinaryPrimitives.ReadUInt32BigEndian(ipv4));

    private static bool IsLinkLocal(ReadOnlySpan<byte> address) => address[0] == 0xFE && (address[1] & 0xC0) == 0x80;

    private static int Aligned(int bytes) => (bytes + 7) & ~7;

    [LibraryImport(Library, EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(SafeHandle socket, MessageHeader* message, int flags);

    [LibraryImport(Library, EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeHandle socket, MessageHeader* message, int flags);

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }

    /// <summary>struct msghdr, 56 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct MessageHeader
    {
        public byte* Name;
        public uint NameLength;
        public IoVector* Parts;
        public nuint PartCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }
}
