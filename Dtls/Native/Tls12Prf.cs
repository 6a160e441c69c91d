namespace OrleansUem.Dtls.Native;

/// <summary>The PRF of TLS 1.2 (RFC 5246 §5) as libcrypto has it, so that a FIPS provider computes it where one is configured.</summary>
internal static unsafe class Tls12Prf
{
    /// <param name="digest">libcrypto's name of the hash.</param>
    /// <param name="secret">The key.</param>
    /// <param name="label">ASCII.</param>
    /// <param name="seed">After the label.</param>
    /// <param name="output">Filled.</param>
    public static void Derive(string digest, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> seed, Span<byte> output)
    {
        nint kdf = 0;
        nint context = 0;
        try
        {
            fixed (byte* algorithm = "TLS1-PRF\0"u8, digestName = "digest\0"u8, secretName = "secret\0"u8, seedName = "seed\0"u8)
            fixed (byte* digestText = DtlsContext.CString(digest), secretFirst = secret, labelFirst = label, seedFirst = seed, first = output)
            {
                kdf = LibCrypto.EVP_KDF_fetch(0, algorithm, null);
                context = kdf == 0 ? 0 : LibCrypto.EVP_KDF_CTX_new(kdf);

                // Seeds are joined in their order (EVP_KDF-TLS1_PRF(7)): the label is the first.
                var parameters = stackalloc OsslParam[5];
                parameters[0] = new OsslParam(digestName, LibCrypto.ParamUtf8String, digestText, (nuint)digest.Length);
                parameters[1] = new OsslParam(secretName, LibCrypto.ParamOctetString, secretFirst, (nuint)secret.Length);
                parameters[2] = new OsslParam(seedName, LibCrypto.ParamOctetString, labelFirst, (nuint)label.Length);
                parameters[3] = new OsslParam(seedName, LibCrypto.ParamOctetString, seedFirst, (nuint)seed.Length);
                parameters[4] = default;
                if (context == 0 || LibCrypto.EVP_KDF_derive(context, first, (nuint)output.Length, parameters) != 1)
                {
                    throw OpenSslErrors.Exception("TLS1-PRF");
                }
            }
        }
        finally
        {
            LibCrypto.EVP_KDF_CTX_free(context);
            LibCrypto.EVP_KDF_free(kdf);
        }
    }
}
