using System.Net.Sockets;

namespace OrleansUem.Transport;

/// <summary>
/// Reads the first TLS record of a connection, before anything is set up for it: a peer that says nothing costs a socket and no buffer, one that says half of it costs what it sent, and one that speaks something else is
/// known by its first bytes.
/// </summary>
internal static class ClientHello
{
    /// <summary>RFC 8446 §5.1: type, version, length.</summary>
    private const int HeaderBytes = 5;

    /// <summary>RFC 8446 §5.1: 2^14 bytes of plaintext.</summary>
    private const int RecordBytesMax = 16_384;

    private const byte HandshakeType = 22;
    private const byte MajorVersion = 3;

    /// <summary>A usual hello of 200 to 700 bytes fits.</summary>
    private const int FirstBytes = 1_024;

    /// <summary>Waits until the record is whole.</summary>
    /// <returns>What was received, at least the record; empty when it is no TLS.</returns>
    /// <exception cref="IOException">The peer hung up before.</exception>
    public static async ValueTask<ArraySegment<byte>> ReadAsync(Socket socket, CancellationToken cancellationToken)
    {
        await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellationToken);
        var buffer = new byte[FirstBytes];
        var used = 0;
        while (true)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(used), SocketFlags.None, cancellationToken);
            if (read == 0)
            {
                throw new IOException("The peer hung up before its hello was whole.");
            }

            used += read;
            if (!TryGetLength(buffer.AsSpan(0, used), out var length))
            {
                return default;
            }

            if (length > 0 && used >= length)
            {
                return new ArraySegment<byte>(buffer, 0, used);
            }

            if (used == buffer.Length)
            {
                Array.Resize(ref buffer, Math.Min(2 * used, HeaderBytes + RecordBytesMax));
            }
        }
    }

    /// <summary>How long the first record is.</summary>
    /// <param name="start">What has arrived, at least one byte.</param>
    /// <param name="length">With its header; 0 when more is needed to know.</param>
    /// <returns>False when it is no TLS.</returns>
    internal static bool TryGetLength(ReadOnlySpan<byte> start, out int length)
    {
        length = 0;
        if (start[0] != HandshakeType || (start.Length > 1 && start[1] != MajorVersion))
        {
            return false;
        }

        if (start.Length < HeaderBytes)
        {
            return true;
        }

        var payload = (start[3] << 8) | start[4];
        length = HeaderBytes + payload;
        return payload is > 0 and <= RecordBytesMax;
    }
}
