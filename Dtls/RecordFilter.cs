using System.Buffers.Binary;

namespace OrleansUem.Dtls;

/// <summary>
/// Looks at the clear headers of a datagram's records (RFC 6347 §4.1) before libssl does:
/// type 1, version 2, epoch 2, sequence 6, length 2, then length bytes.
/// </summary>
internal static class RecordFilter
{
    private const int HeaderBytes = 13;

    private const byte ApplicationDataType = 23;

    private const ushort Dtls12 = 0xFEFD;

    /// <summary>Stands on a ClientHello and HelloVerifyRequest, sent before a version is agreed (RFC 6347 §4.2.1).</summary>
    private const ushort Dtls10 = 0xFEFF;

    /// <summary>Explicit nonce 8 and tag 16 (RFC 5288 §3): no record under AES-GCM is shorter, and none adds more.</summary>
    private const int EncryptedBytesMin = 8 + 16;

    private const int RecordBytesMax = 16_384 + EncryptedBytesMin;

    /// <summary>
    /// False unless the datagram is whole records and nothing else, each of a version and length that libssl takes, and each
    /// encrypted one as long as its nonce and tag.
    /// libssl answers an encrypted record that is too short with a fatal internal error instead of dropping it, so anybody who
    /// can forge a sender address could end a session with 14 bytes. Of a record with a wrong version or a length that is too
    /// great it drops the header alone and takes the next 13 bytes for a header: such a record would hide a short one from a
    /// check that follows the lengths.
    /// </summary>
    /// <param name="datagram">As received.</param>
    /// <param name="isEstablished">
    /// Whether the version is agreed. Until then DTLS 1.0 may stand on records of epoch 0; what such a record hides can end the handshake,
    /// as any forged flight can.
    /// </param>
    /// <param name="encryptedData">How many records of application data are of an epoch other than 0.</param>
    /// <param name="encryptedOther">The same for other types, such as Finished.</param>
    public static bool IsSafe(ReadOnlySpan<byte> datagram, bool isEstablished, out int encryptedData, out int encryptedOther)
    {
        encryptedData = 0;
        encryptedOther = 0;
        while (!datagram.IsEmpty)
        {
            if (datagram.Length < HeaderBytes)
            {
                return false;
            }

            var version = BinaryPrimitives.ReadUInt16BigEndian(datagram[1..]);
            var isEncrypted = BinaryPrimitives.ReadUInt16BigEndian(datagram[3..]) != 0;
            var length = BinaryPrimitives.ReadUInt16BigEndian(datagram[11..]);
            if (length > datagram.Length - HeaderBytes || length > RecordBytesMax
                || (version != Dtls12 && (version != Dtls10 || isEncrypted || isEstablished))
                || (isEncrypted && length < EncryptedBytesMin))
            {
                return false;
            }

            encryptedData += isEncrypted && datagram[0] == ApplicationDataType ? 1 : 0;
            encryptedOther += isEncrypted && datagram[0] != ApplicationDataType ? 1 : 0;
            datagram = datagram[(HeaderBytes + length)..];
        }

        return true;
    }
}
