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

    /// <summary>Explicit nonce 8 and tag 16 (RFC 5288 §3): no record under AES-GCM is shorter.</summary>
    private const int EncryptedBytesMin = 8 + 16;

    /// <summary>
    /// False when an encrypted record is shorter than its nonce and tag. libssl answers such a record with a fatal
    /// internal error instead of dropping it,
    /// so anybody who can forge a sender address could end a session with 14 bytes.
    /// </summary>
    /// <param name="datagram">As received.</param>
    /// <param name="encryptedData">How many records of application data are of an epoch other than 0.</param>
    /// <param name="encryptedOther">The same for other types, such as Finished.</param>
    public static bool IsSafe(ReadOnlySpan<byte> datagram, out int encryptedData, out int encryptedOther)
    {
        encryptedData = 0;
        encryptedOther = 0;
        while (datagram.Length >= HeaderBytes)
        {
            var isEncrypted = BinaryPrimitives.ReadUInt16BigEndian(datagram[3..]) != 0;
            var length = BinaryPrimitives.ReadUInt16BigEndian(datagram[11..]);
            if (isEncrypted && length < EncryptedBytesMin)
            {
                return false;
            }

            encryptedData += isEncrypted && datagram[0] == ApplicationDataType ? 1 : 0;
            encryptedOther += isEncrypted && datagram[0] != ApplicationDataType ? 1 : 0;
            datagram = HeaderBytes + length <= datagram.Length ? datagram[(HeaderBytes + length)..] : [];
        }

        return true;
    }
}
