namespace OrleansUem.Dtls.Native;

/// <summary>What a cipher suite means for its records and key derivation (RFC 5288 §3, RFC 5289 §3, RFC 8446 appendix B.4).</summary>
/// <param name="Cipher">libcrypto's name.</param>
/// <param name="KeyBytes">Of one direction.</param>
/// <param name="PrfDigest">Of the TLS 1.2 PRF and of TLS 1.3's key schedule (RFC 8446 §7.1).</param>
internal sealed record RecordSuite(string Cipher, int KeyBytes, string PrfDigest)
{
    private static readonly RecordSuite Aes128 = new("AES-128-GCM", 16, "SHA256");
    private static readonly RecordSuite Aes256 = new("AES-256-GCM", 32, "SHA384");

    private readonly Lazy<nint> _fetched = new(() => RecordCipher.Fetch(Cipher));

    /// <summary>The EVP_CIPHER, fetched once in the life of the process from whichever provider is configured by then; fetching for each session would cost as much as 50 records.</summary>
    public nint Fetched => _fetched.Value;

    /// <param name="protocolId">The suite's number, as both hellos carry it.</param>
    /// <returns>Null for a suite that is not offered.</returns>
    public static RecordSuite? Of(ushort protocolId) => protocolId switch
    {
        0xC02B or 0x1301 => Aes128,
        0xC02C or 0x1302 => Aes256,
        _ => null,
    };
}
