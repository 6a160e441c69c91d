using System.Buffers.Binary;

namespace OrleansUem.Dtls.Records;

/// <summary>
/// One record as it stands in a datagram, by its clear header (RFC 6347 §4.1): nothing here is authenticated.
/// <code>
/// | type 1 | version 2 | epoch 2 | sequence 6 | length 2 | explicit nonce 8 | ciphertext | tag 16 |
/// |&lt;------------------- header 13 -------------------&gt;|&lt;---- body under AES-GCM (RFC 5288 §3) ----&gt;|
/// </code>
/// </summary>
public readonly ref struct DtlsRecord
{
    public const int HeaderBytes = 13;

    internal const int NonceBytes = 8;
    internal const int TagBytes = 16;

    /// <summary>DTLS 1.2 as on the wire: 1's complement of 1.2 (RFC 6347 §4.1).</summary>
    internal const ushort Version = 0xFEFD;

    /// <summary>2^14 of plaintext and at most 2^11 of expansion (RFC 5246 §6.2.3).</summary>
    private const int BodyBytesMax = (1 << 14) + (1 << 11);

    private DtlsRecord(ReadOnlySpan<byte> bytes) => Bytes = bytes;

    /// <summary>Header and body.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    public ContentType Type => (ContentType)Bytes[0];

    public ushort Epoch => BinaryPrimitives.ReadUInt16BigEndian(Bytes[3..]);

    /// <summary>48 bits.</summary>
    public ulong Sequence => BinaryPrimitives.ReadUInt64BigEndian(Bytes[3..]) & 0xFFFF_FFFF_FFFF;

    internal ReadOnlySpan<byte> Body => Bytes[HeaderBytes..];

    internal ulong ExplicitNonce => BinaryPrimitives.ReadUInt64BigEndian(Bytes[HeaderBytes..]);

    /// <summary>Whether nonce and tag fit, so that it may be a record under AES-GCM.</summary>
    internal bool HasRoomForNonceAndTag => Bytes.Length >= HeaderBytes + NonceBytes + TagBytes;

    /// <summary>Cuts the next record off a datagram; several may share one (RFC 6347 §4.1.1).</summary>
    /// <param name="datagram">What is left of it; empty afterwards when the rest is no record.</param>
    /// <param name="record">The record on success.</param>
    /// <returns>False at the end, or when the rest is malformed: the version is another, or the length runs past the end.</returns>
    public static bool TryTake(ref ReadOnlySpan<byte> datagram, out DtlsRecord record)
    {
        if (datagram.Length >= HeaderBytes && BinaryPrimitives.ReadUInt16BigEndian(datagram[1..]) == Version)
        {
            var end = HeaderBytes + BinaryPrimitives.ReadUInt16BigEndian(datagram[11..]);
            if (end <= datagram.Length && end <= HeaderBytes + BodyBytesMax)
            {
                record = new DtlsRecord(datagram[..end]);
                datagram = datagram[end..];
                return true;
            }
        }

        datagram = default;
        record = default;
        return false;
    }

    internal static void WriteHeader(Span<byte> record, ContentType type, ushort epoch, ulong sequence, int bodyBytes)
    {
        record[0] = (byte)type;
        BinaryPrimitives.WriteUInt16BigEndian(record[1..], Version);
        BinaryPrimitives.WriteUInt64BigEndian(record[3..], ((ulong)epoch << 48) | sequence);
        BinaryPrimitives.WriteUInt16BigEndian(record[11..], (ushort)bodyBytes);
    }
}
