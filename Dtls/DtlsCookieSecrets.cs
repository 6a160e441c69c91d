using System.Security.Cryptography;

namespace OrleansUem.Dtls;

/// <summary>
/// The secrets behind the cookies of RFC 6347 §4.2.1: cookie = HMAC-SHA256(secret, peer address). The current secret
/// makes cookies; the previous one is
/// accepted as well, so a rotation loses no handshake. Safe for use from several threads; one object serves all
/// listeners of a port.
/// </summary>
public sealed class DtlsCookieSecrets
{
    internal const int CookieBytes = HMACSHA256.HashSizeInBytes;

    /// <summary>Key as long as the hash's output (RFC 2104 §3).</summary>
    private const int SecretBytes = HMACSHA256.HashSizeInBytes;

    private volatile Pair _pair = new(RandomNumberGenerator.GetBytes(SecretBytes), RandomNumberGenerator.GetBytes(SecretBytes));

    /// <summary>Makes a new secret; cookies of the last but one cease to be valid. A caller rotates every minute or so:
    /// a cookie is used within one round trip.</summary>
    public void Rotate() => _pair = new Pair(RandomNumberGenerator.GetBytes(SecretBytes), _pair.Current);

    internal void Generate(ReadOnlySpan<byte> address, Span<byte> cookie) => HMACSHA256.HashData(_pair.Current, address, cookie);

    internal bool IsValid(ReadOnlySpan<byte> address, ReadOnlySpan<byte> cookie)
    {
        if (cookie.Length != CookieBytes)
        {
            return false;
        }

        var pair = _pair;
        Span<byte> expected = stackalloc byte[CookieBytes];
        HMACSHA256.HashData(pair.Current, address, expected);
        if (CryptographicOperations.FixedTimeEquals(expected, cookie))
        {
            return true;
        }

        HMACSHA256.HashData(pair.Previous, address, expected);
        return CryptographicOperations.FixedTimeEquals(expected, cookie);
    }

    private sealed record Pair(byte[] Current, byte[] Previous);
}
