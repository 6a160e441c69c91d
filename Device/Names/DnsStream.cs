using System.Buffers.Binary;
using System.Net.Sockets;

namespace OrleansUem.Device.Names;

/// <summary>DNS messages over TCP: each behind its length in two bytes (RFC 1035 §4.2.2).</summary>
internal static class DnsStream
{
    /// <summary>Reads one message.</summary>
    /// <returns>Null: the other end closed, or the message is shorter than a header.</returns>
    public static async Task<byte[]?> ReadAsync(Socket connection, CancellationToken cancellationToken)
    {
        var length = new byte[2];
        if (!await FillAsync(connection, length, cancellationToken))
        {
            return null;
        }

        // Two bytes bound it: at most 64 KiB.
        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        return message.Length >= DnsMessage.HeaderBytes && await FillAsync(connection, message, cancellationToken) ? message : null;
    }

    /// <summary>Writes one message of at most 65,535 bytes.</summary>
    public static async Task WriteAsync(Socket connection, byte[] message, CancellationToken cancellationToken)
    {
        // In one segment: some servers read the length alone and wait no longer.
        var framed = new byte[message.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)message.Length);
        message.CopyTo(framed, 2);
        ReadOnlyMemory<byte> rest = framed;
        while (rest.Length > 0)
        {
            rest = rest[await connection.SendAsync(rest, cancellationToken)..];
        }
    }

    private static async Task<bool> FillAsync(Socket connection, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (buffer.Length > 0)
        {
            var bytes = await connection.ReceiveAsync(buffer, cancellationToken);
            if (bytes == 0)
            {
                return false;
            }

            buffer = buffer[bytes..];
        }

        return true;
    }
}
