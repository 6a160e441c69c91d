using System.Net;
using System.Net.Sockets;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Paths;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport.Native;

namespace OrleansUem.Transport.Datagrams;

/// <summary>
/// A UDP socket of Linux that moves many datagrams with one call: what the kernel has put together of one sender comes in one buffer (UDP_GRO), and a run of equal datagrams leaves with one
/// call (UDP_SEGMENT). Never waits: <see cref="DatagramWaiter"/> does. Datagrams leave with DF and whatever ICMP says of the path's MTU is not believed (IP_PMTUDISC_PROBE, RFC 8899 §1.2): probes
/// of the full size prove it. One thread receives, any thread sends.
/// </summary>
public sealed class UdpBatchSocket : IDisposable
{
    /// <summary>What a receive buffer must have room for: the largest datagram, and as much as the kernel ever puts together.</summary>
    public const int ReceiveBytes = 65_536;

    /// <summary>Datagrams of one run: the kernel takes 64 (UDP_MAX_SEGMENTS before Linux 6.10).</summary>
    public const int SegmentsMax = 60;

    /// <summary>Bytes of one run: the length in the UDP header counts all of it until it is cut.</summary>
    public const int RunBytesMax = FrameBatch.MaxBytes;

    private const int ReusePort = 15;
    private const int MtuDiscover = 10;
    private const int Ipv6MtuDiscover = 23;
    private const int PmtuDiscoverProbe = 3;
    private const int Ipv6ReceivePacketInformation = 49;
    private const int SendBufferForce = 32;
    private const int ReceiveBufferForce = 33;

    private readonly Socket _socket;
    private readonly bool _isIpv6;
    private readonly Action<string>? _onSegmentationRefused;
    private volatile bool _isSegmenting;

    private UdpBatchSocket(Socket socket, UdpSocketOptions options)
    {
        _socket = socket;
        _isIpv6 = socket.AddressFamily == AddressFamily.InterNetworkV6;
        _onSegmentationRefused = options.OnSegmentationRefused;
        _isSegmenting = true;
        LocalEndPoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    /// <summary>The own address; the port that was taken for port 0.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Whether runs leave with one call.</summary>
    public bool IsSegmenting => _isSegmenting;

    /// <summary>Whether the kernel tells the own address of each datagram, since the socket is bound to any.</summary>
    public bool TellsOwnAddress { get; private init; }

    /// <summary>The descriptor, for <see cref="DatagramWaiter"/>.</summary>
    internal SafeSocketHandle Handle => _socket.SafeHandle;

    /// <summary>A socket that serves many senders.</summary>
    /// <param name="endPoint">Address and port; port 0 takes a free one. IPv6Any also takes IPv4.</param>
    /// <param name="options">Settings.</param>
    /// <exception cref="SocketException">The address can't be bound.</exception>
    public static UdpBatchSocket Bind(IPEndPoint endPoint, UdpSocketOptions options)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        ArgumentNullException.ThrowIfNull(options);
        var socket = Open(endPoint.AddressFamily, options);
        try
        {
            if (options.IsShared)
            {
                Set(socket, DatagramCalls.SocketLevel, ReusePort, 1);
            }

            var isAny = endPoint.Address.Equals(IPAddress.Any) || endPoint.Address.Equals(IPAddress.IPv6Any);
            if (isAny && endPoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = true;
                Set(socket, DatagramCalls.Ipv6Level, Ipv6ReceivePacketInformation, 1);
            }
            else if (isAny)
            {
                Set(socket, DatagramCalls.IpLevel, DatagramCalls.IpPacketInformation, 1);
            }

            socket.Bind(endPoint);
            return new UdpBatchSocket(socket, options) { TellsOwnAddress = isAny };
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A socket that talks to one address only, from a port of its own.</summary>
    /// <param name="remote">The address.</param>
    /// <param name="options">Settings.</param>
    /// <exception cref="SocketException">There is no way to the address now.</exception>
    public static UdpBatchSocket Connect(IPEndPoint remote, UdpSocketOptions options)
    {
        ArgumentNullException.ThrowIfNull(remote);
        ArgumentNullException.ThrowIfNull(options);
        var plain = remote.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(remote.Address.MapToIPv4(), remote.Port) : remote;
        var socket = Open(plain.AddressFamily, options);
        try
        {
            socket.Connect(plain);
            return new UdpBatchSocket(socket, options);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Receives what is there, without waiting.</summary>
    /// <param name="buffer">At least <see cref="ReceiveBytes"/>; best pinned.</param>
    /// <param name="received">What came, from the buffer's start.</param>
    public ReceiveOutcome TryReceive(Span<byte> buffer, out ReceivedDatagrams received)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(buffer.Length, ReceiveBytes);
        while (true)
        {
            try
            {
                switch (DatagramCalls.Receive(_socket.SafeHandle, buffer, out received))
                {
                    case Errno.None:
                        return ReceiveOutcome.Received;
                    case Errno.EINTR:
                        continue;
                    case Errno.EAGAIN:
                        return ReceiveOutcome.Empty;
                    case Errno.EBADF:
                        return ReceiveOutcome.Closed;
                    default:
                        // ECONNREFUSED and its like: an ICMP message about something that was sent.
                        return ReceiveOutcome.Refused;
                }
            }
            catch (ObjectDisposedException)
            {
                // Dispose won the race with the call.
                received = default;
                return ReceiveOutcome.Closed;
            }
        }
    }

    /// <summary>Sends a run on a connected socket.</summary>
    /// <param name="run">Datagrams back to back, at most <see cref="RunBytesMax"/>.</param>
    /// <param name="segmentBytes">Size of each; the last may be shorter; at most <see cref="SegmentsMax"/> of them.</param>
    public DatagramSendResult Send(ReadOnlySpan<byte> run, int segmentBytes) => Send(run, [new BufferSlice(0, run.Length)], segmentBytes, to: null, from: null);

    /// <summary>Sends a run whose pieces lie in several places of a buffer.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="slices">The pieces in order, each of whole datagrams; together at most <see cref="RunBytesMax"/>.</param>
    /// <param name="segmentBytes">Size of each datagram; the very last may be shorter; at most <see cref="SegmentsMax"/> of them.</param>
    /// <param name="to">The receiver; null on a connected socket.</param>
    /// <param name="from">The own address to send from; null: the kernel's choice.</param>
    public DatagramSendResult Send(ReadOnlySpan<byte> buffer, ReadOnlySpan<BufferSlice> slices, int segmentBytes, in PathAddress? to, in PathAddress? from)
    {
        var bytes = 0;
        foreach (ref readonly var slice in slices)
        {
            bytes += slice.Bytes;
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(segmentBytes, 1);
        var count = (bytes + segmentBytes - 1) / segmentBytes;
        if (count == 1 || _isSegmenting)
        {
            var errno = Call(buffer, slices, count == 1 ? 0 : segmentBytes, to, from);
            if (errno == Errno.None)
            {
                return new DatagramSendResult(count, 0, DropReason.Unspecified);
            }

            if (count == 1 || !IsSegmentationRefused(errno))
            {
                return new DatagramSendResult(0, count, DropOf(errno));
            }

            return SendOneByOne(buffer, slices, segmentBytes, to, from, errno);
        }

        return SendOneByOne(buffer, slices, segmentBytes, to, from, Errno.None);
    }

    /// <summary>Waits until a send that was refused as QueueFull may be taken.</summary>
    /// <param name="timeout">Whole milliseconds, bounded: nothing ends the wait but room and time.</param>
    /// <returns>False when the time is over, or the socket was disposed before.</returns>
    public bool WaitForRoom(TimeSpan timeout)
    {
        var handle = _socket.SafeHandle;
        var isKept = false;
        try
        {
            handle.DangerousAddRef(ref isKept);
            Span<DescriptorCalls.PollEntry> entries = [new DescriptorCalls.PollEntry { Descriptor = (int)handle.DangerousGetHandle(), Events = DescriptorCalls.PollOut }];
            return DescriptorCalls.Poll(entries, 1, (int)timeout.TotalMilliseconds) > 0;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
        finally
        {
            if (isKept)
            {
                handle.DangerousRelease();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    // EIO: the interface computes no checksums; EINVAL, EOPNOTSUPP: an old kernel. EINVAL may also be the addresses' fault: then the single datagrams fail alike.
    private static bool IsSegmentationRefused(Errno errno) => errno is Errno.EIO or Errno.EINVAL or Errno.EOPNOTSUPP;

    private static DropReason DropOf(Errno errno) => errno switch
    {
        Errno.EAGAIN or Errno.ENOBUFS or Errno.ENOMEM => DropReason.QueueFull,
        Errno.EMSGSIZE => DropReason.Oversize,
        Errno.EBADF => DropReason.PeerGone,
        _ => DropReason.SendRefused,
    };

    private DatagramSendResult SendOneByOne(
        ReadOnlySpan<byte> buffer, ReadOnlySpan<BufferSlice> slices, int segmentBytes, in PathAddress? to, in PathAddress? from, Errno refusal)
    {
        var (sent, dropped, reason) = (0, 0, DropReason.Unspecified);
        foreach (ref readonly var slice in slices)
        {
            for (var offset = 0; offset < slice.Bytes; offset += segmentBytes)
            {
                var one = new BufferSlice(slice.Offset + offset, Math.Min(segmentBytes, slice.Bytes - offset));
                var errno = Call(buffer, [one], segmentBytes: 0, to, from);
                if (errno == Errno.None)
                {
                    sent++;
                }
                else
                {
                    dropped++;
                    reason = DropOf(errno);
                }
            }
        }

        if (refusal != Errno.None && sent > 0 && _isSegmenting)
        {
            _isSegmenting = false;
            _onSegmentationRefused?.Invoke(ErrnoText.Describe(refusal));
        }

        return new DatagramSendResult(sent, dropped, reason);
    }

    private Errno Call(ReadOnlySpan<byte> buffer, ReadOnlySpan<BufferSlice> slices, int segmentBytes, in PathAddress? to, in PathAddress? from)
    {
        try
        {
            Errno errno;
            do
            {
                errno = DatagramCalls.Send(_socket.SafeHandle, buffer, slices, segmentBytes, to, from, _isIpv6);
            }
            while (errno == Errno.EINTR);
            return errno;
        }
        catch (ObjectDisposedException)
        {
            // Dispose won the race with the call.
            return Errno.EBADF;
        }
    }

    private static Socket Open(AddressFamily family, UdpSocketOptions options)
    {
        var socket = new Socket(family, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            SetBuffer(socket, ReceiveBufferForce, SocketOptionName.ReceiveBuffer, options.ReceiveBufferBytes);
            SetBuffer(socket, SendBufferForce, SocketOptionName.SendBuffer, options.SendBufferBytes);
            Set(socket, DatagramCalls.SocketLevel, DatagramCalls.ReceiveOverflow, 1);
            if (family == AddressFamily.InterNetworkV6)
            {
                Set(socket, DatagramCalls.Ipv6Level, Ipv6MtuDiscover, PmtuDiscoverProbe);
            }

            // On an IPv6 socket this is for mapped IPv4 addresses.
            Set(socket, DatagramCalls.IpLevel, MtuDiscover, PmtuDiscoverProbe);
            TrySet(socket, DatagramCalls.UdpLevel, DatagramCalls.UdpGro, 1);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // The kernel doubles what it is told and counts its own overhead with it. Beyond net.core.rmem_max and wmem_max only with CAP_NET_ADMIN.
    private static void SetBuffer(Socket socket, int forced, SocketOptionName plain, int bytes)
    {
        if (!TrySet(socket, DatagramCalls.SocketLevel, forced, bytes / 2))
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, plain, bytes / 2);
        }
    }

    private static void Set(Socket socket, int level, int name, int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BitConverter.TryWriteBytes(bytes, value);
        socket.SetRawSocketOption(level, name, bytes);
    }

    private static bool TrySet(Socket socket, int level, int name, int value)
    {
        try
        {
            Set(socket, level, name, value);
            return true;
        }
        catch (SocketException)
        {
            // An older kernel or less rights: the caller has another way, or does without.
            return false;
        }
    }
}
