using System.Runtime.InteropServices;
using System.Text;

namespace OrleansUem.Agent.Native;

/// <summary>
/// A netlink socket of family NETLINK_ROUTE: one request, one acknowledgement. It speaks to the network namespace in which
/// it was created, whatever thread uses it later. Not safe for concurrent use.
/// </summary>
internal sealed class RouteNetlinkSocket : IDisposable
{
    private const int FamilyNetlink = 16;
    private const int TypeRawCloseOnExec = 3 | 0x80000;
    private const int ProtocolRoute = 0;
    private const int LevelNetlink = 270;
    private const int OptionCapAcknowledge = 10;
    private const int OptionExtendedAcknowledge = 11;

    private const ushort TypeError = 2;
    private const ushort FlagAcknowledgeHasAttributes = 0x200;
    private const ushort AttributeText = 1;

    // struct nlmsgerr: the errno and the header of the request it answers.
    private const int ErrorBytes = 4 + NetlinkRequest.HeaderBytes;

    // The kernel's own NLMSG_GOODSIZE bound; a link's description is below 2 KiB.
    private const int ReceiveBytes = 8192;

    private readonly OwnedDescriptor _descriptor;
    private readonly byte[] _received = new byte[ReceiveBytes];
    private uint _sequence;

    public RouteNetlinkSocket()
        : this(OpenDescriptor())
    {
    }

    /// <param name="descriptor">From <see cref="OpenDescriptor"/> on a thread of the namespace to speak to; owned by this object from here on.</param>
    public RouteNetlinkSocket(OwnedDescriptor descriptor)
    {
        _descriptor = descriptor;

        // Both only improve error texts and exist since Linux 4.12, so their failure is of no consequence.
        _ = Libc.SetSocketOption(_descriptor, LevelNetlink, OptionCapAcknowledge, 1, sizeof(int));
        _ = Libc.SetSocketOption(_descriptor, LevelNetlink, OptionExtendedAcknowledge, 1, sizeof(int));
    }

    /// <summary>Opens the socket alone, to be handed to another process.</summary>
    public static OwnedDescriptor OpenDescriptor() =>
        OwnedDescriptor.Take(Libc.Socket(FamilyNetlink, TypeRawCloseOnExec, ProtocolRoute), "Opening an rtnetlink socket");

    /// <summary>Sends a request with NLM_F_ACK and waits for the answer, which the kernel queues before send returns.</summary>
    /// <param name="request">From <see cref="NetlinkRequest.Finish"/>.</param>
    /// <param name="answer">The kernel's object if the request asked for one, header included; otherwise empty.
    /// Valid until the next call.</param>
    /// <param name="kernelText">The kernel's explanation of an error, if it gave one.</param>
    /// <returns><see cref="Errno.None"/> on success.</returns>
    public Errno Transact(Span<byte> request, out ReadOnlySpan<byte> answer, out string? kernelText)
    {
        uint sequence = ++_sequence;
        MemoryMarshal.Write(request[8..], sequence);
        answer = default;
        kernelText = null;
        while (Libc.Send(_descriptor, request, request.Length, 0) < 0)
        {
            Errno errno = ErrnoText.Last();
            if (errno != Errno.EINTR)
            {
                return errno;
            }
        }

        int used = 0;
        while (true)
        {
            nint received = Libc.Receive(_descriptor, _received.AsSpan(used), ReceiveBytes - used, 0);
            if (received < 0)
            {
                Errno errno = ErrnoText.Last();
                if (errno == Errno.EINTR)
                {
                    continue;
                }

                return errno;
            }

            ReadOnlySpan<byte> datagram = _received.AsSpan(used, (int)received);
            if (TryFindAcknowledgement(datagram, sequence, out Errno result, out kernelText))
            {
                return result;
            }

            // An object comes in a datagram of its own, before the acknowledgement: keep it and read on behind it.
            if (datagram.Length < NetlinkRequest.HeaderBytes || used > 0)
            {
                return Errno.EIO;
            }

            if (MemoryMarshal.Read<uint>(datagram[8..]) == sequence)
            {
                answer = datagram;
                used = datagram.Length;
            }
        }
    }

    public void Dispose() => _descriptor.Dispose();

    private static bool TryFindAcknowledgement(
        ReadOnlySpan<byte> datagram, uint sequence, out Errno errno, out string? kernelText)
    {
        errno = Errno.None;
        kernelText = null;
        if (datagram.Length < NetlinkRequest.HeaderBytes + ErrorBytes
            || MemoryMarshal.Read<ushort>(datagram[4..]) != TypeError
            || MemoryMarshal.Read<uint>(datagram[8..]) != sequence)
        {
            return false;
        }

        errno = (Errno)(-MemoryMarshal.Read<int>(datagram[NetlinkRequest.HeaderBytes..]));
        if ((MemoryMarshal.Read<ushort>(datagram[6..]) & FlagAcknowledgeHasAttributes) != 0)
        {
            kernelText = FindText(datagram[(NetlinkRequest.HeaderBytes + ErrorBytes)..]);
        }

        return true;
    }

    private static string? FindText(ReadOnlySpan<byte> attributes)
    {
        while (attributes.Length >= 4)
        {
            int bytes = MemoryMarshal.Read<ushort>(attributes);
            if (bytes < 4 || bytes > attributes.Length)
            {
                break;
            }

            if (MemoryMarshal.Read<ushort>(attributes[2..]) == AttributeText)
            {
                return Encoding.UTF8.GetString(attributes[4..bytes].TrimEnd((byte)0));
            }

            attributes = attributes[Math.Min((bytes + 3) & ~3, attributes.Length)..];
        }

        return null;
    }
}
