namespace OrleansUem.Protocol.Wire;

/// <summary>Bounds on frames. Checked against the header before a byte of payload is buffered.</summary>
public static class FrameLimits
{
    /// <summary>type u8 + flags u8 + length u16 + channel u32.</summary>
    public const int HeaderBytes = 1 + 1 + 2 + 4;

    /// <summary>
    /// The largest payload of any frame: a full TLS plaintext of 2^14 bytes (RFC 8446 §5.1) carried as one end-to-end record, and 256 bytes for that
    /// record's header, nonce and tag.
    /// </summary>
    public const int MaxPayloadBytes = 16_384 + 256;

    /// <summary>
    /// The largest payload that a peer may send before it is attached. Arbitrary: a certificate of ours is 700 bytes and a claim 300; too small refuses
    /// long certificates, too large lets strangers make the edge buffer.
    /// </summary>
    public const int MaxUnattachedPayloadBytes = 8_192;

    /// <summary>Payload of Ping and Pong.</summary>
    public const int PingBytes = 8;

    /// <summary>The largest detail text in a close or refusal, in UTF-16 characters; longer ones are cut by the writer and refused by the reader.</summary>
    public const int MaxDetailCharacters = 256;
}
