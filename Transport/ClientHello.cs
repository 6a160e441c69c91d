using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;

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

    /// <summary>As two bytes lie in memory.</summary>
    private static readonly ushort Tls13 = BitConverter.ToUInt16([3, 4]);

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

    /// <summary>Whether the client offers TLS 1.3 (RFC 8446 §4.1.2, §4.2.1).</summary>
    /// <param name="received">What <see cref="ReadAsync"/> read; any bytes.</param>
    /// <returns>False also for a hello that is malformed, or goes on in a second record.</returns>
    internal static bool OffersTls13(ReadOnlySpan<byte> received)
    {
        const byte clientHello = 1;
        const int fixedBytes = 4 + 2 + 32; // type and length, version, random
        if (!TryGetLength(received, out var length) || received.Length < length || length < HeaderBytes + fixedBytes || received[HeaderBytes] != clientHello)
        {
            return false;
        }

        var rest = received[(HeaderBytes + fixedBytes)..length];
        return TrySkip(ref rest, 1, out _) // session id
            && TrySkip(ref rest, 2, out _) // cipher suites
            && TrySkip(ref rest, 1, out _) // compression methods
            && TrySkip(ref rest, 2, out var extensions)
            && HasVersion(extensions);
    }

    private static bool HasVersion(ReadOnlySpan<byte> extensions)
    {
        const ushort supportedVersions = 43;
        while (extensions.Length >= 2)
        {
            var type = BinaryPrimitives.ReadUInt16BigEndian(extensions);
            extensions = extensions[2..];
            if (!TrySkip(ref extensions, 2, out var body))
            {
                return false;
            }

            if (type == supportedVersions)
            {
                return TrySkip(ref body, 1, out var versions) && MemoryMarshal.Cast<byte, ushort>(versions).Contains(Tls13);
            }
        }

        return false;
    }

    // A vector behind its length (RFC 8446 §3.4).
    private static bool TrySkip(scoped ref ReadOnlySpan<byte> rest, int lengthBytes, out ReadOnlySpan<byte> vector)
    {
        vector = default;
        if (rest.Length < lengthBytes)
        {
            return false;
        }

        var length = lengthBytes == 1 ? rest[0] : BinaryPrimitives.ReadUInt16BigEndian(rest);
        if (rest.Length < lengthBytes + length)
        {
            return false;
        }

        vector = rest.Slice(lengthBytes, length);
        rest = rest[(lengthBytes + length)..];
        return true;
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
