using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using OrleansUem.LoadTest.Machines;

namespace OrleansUem.LoadTest.Throughput.Measuring;

/// <summary>
/// Waits for the first answer to a ping. Pings every 5 ms, which is the resolution; one that finds no route yet is simply repeated, which
/// ping(8) does not do.
/// </summary>
internal static class FirstEcho
{
    private const int IntervalMicroseconds = 5_000;
    private const int EchoRequest = 8;
    private const int EchoReply = 0;
    private const ushort Identifier = 0x7565;

    /// <param name="from">The namespace to ping from.</param>
    /// <param name="target">Whom.</param>
    /// <param name="startedAt">A <see cref="Stopwatch"/> timestamp.</param>
    /// <param name="limit">Gives up after this time.</param>
    /// <param name="cancellationToken">Gives up at once.</param>
    /// <returns>Time from <paramref name="startedAt"/> to the answer.</returns>
    /// <exception cref="TimeoutException">No answer.</exception>
    public static Task<TimeSpan> WaitAsync(NetNamespace from, string target, long startedAt, TimeSpan limit, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(
            () => from.Run(() => Wait(new IPEndPoint(IPAddress.Parse(target), 0), startedAt, limit, cancellationToken)),
            cancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    private static TimeSpan Wait(IPEndPoint target, long startedAt, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Icmp);
        var request = Request();
        var buffer = new byte[2048];
        while (Stopwatch.GetElapsedTime(startedAt) is var elapsed && elapsed < limit)
        {
            cancellationToken.ThrowIfCancellationRequested();
            TrySend(socket, request, target);
            while (socket.Poll(IntervalMicroseconds, SelectMode.SelectRead))
            {
                var length = socket.Receive(buffer);
                if (IsReply(buffer.AsSpan(0, length)))
                {
                    return Stopwatch.GetElapsedTime(startedAt);
                }
            }
        }

        throw new TimeoutException($"{target.Address} answered no ping within {limit.TotalSeconds:F0} s.");
    }

    private static void TrySend(Socket socket, byte[] request, IPEndPoint target)
    {
        try
        {
            socket.SendTo(request, target);
        }
        catch (SocketException e) when (e.SocketErrorCode is not SocketError.AccessDenied)
        {
            // No route or no address yet: that is what the wait is for.
        }
    }

    private static bool IsReply(ReadOnlySpan<byte> packet)
    {
        // A raw socket hands over the IPv4 header too.
        var header = packet.Length >= 20 ? (packet[0] & 0xf) * 4 : packet.Length;
        return packet.Length >= header + 8 && packet[header] == EchoReply && BinaryPrimitives.ReadUInt16BigEndian(packet[(header + 4)..]) == Identifier;
    }

    private static byte[] Request()
    {
        var packet = new byte[64];
        packet[0] = EchoRequest;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), Identifier);

        // RFC 1071; the two words are all that is not zero.
        var sum = (EchoRequest << 8) + Identifier;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)~((sum & 0xffff) + (sum >> 16)));
        return packet;
    }
}
