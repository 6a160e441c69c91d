namespace OrleansUem.Dtls.Records;

/// <summary>How often one AES-GCM key may be used. The derivation is in docs/decisions/0006-records-and-rekeying.md.</summary>
public static class RecordLimits
{
    /// <summary>Plaintext of one record (RFC 5246 §6.2.1).</summary>
    public const int PlaintextBytesMax = 1 << 14;

    /// <summary>Records that one key seals, then it seals no more: 2^24.5 (RFC 8446 §5.5, RFC 9147 §4.5.3).</summary>
    public const long RecordsMax = 23_726_566;

    /// <summary>
    /// Records after which a new key is due: 2^23, the limit that QUIC sets (RFC 9001 §6.6). Leaves 15 million records, 15 s at a million a second, for a handshake that takes 2 round trips.
    /// </summary>
    public const long RecordsBeforeRekey = 1 << 23;

    /// <summary>Records that fail authentication under one key, then it opens no more: 2^36 (RFC 9147 §4.5.3).</summary>
    public const long ForgeriesMax = 1L << 36;

    /// <summary>Forgeries after which a new key is due. Arbitrary: half of what is allowed; 9 h at a million a second.</summary>
    public const long ForgeriesBeforeRekey = 1L << 35;

    /// <summary>
    /// Records that may overtake one and still leave it acceptable (RFC 6347 §4.1.2.6 asks for 32 and prefers 64): 63 words of 64. Batches and a change between UDP and TCP reorder far more than a
    /// network does: the queues below a tunnel hold 256 KiB, which is 190 full records or 1,100 of 200 bytes.
    /// </summary>
    public const int ReplayWindowRecords = 63 * 64;
}
