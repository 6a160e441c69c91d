using System.Security.Cryptography;

namespace OrleansUem.Protocol.Paths;

/// <summary>
/// The keys of one path: HKDF-SHA256 (RFC 5869) of the secret in ATTACHED, without salt, one for each direction, so that a reflected probe is no ack. The secret crossed TLS
/// and ends with the session; the keys prove who sends, they encrypt nothing.
/// </summary>
public sealed class PathKeys
{
    /// <summary>Bytes of the secret.</summary>
    public const int SecretBytes = 32;

    private readonly byte[] _probe;
    private readonly byte[] _ack;

    /// <summary>Derives the keys.</summary>
    /// <param name="secret">The secret, <see cref="SecretBytes"/> long.</param>
    public PathKeys(ReadOnlySpan<byte> secret)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(secret.Length, SecretBytes);
        _probe = Derive(secret, "uem-path/1 probe"u8);
        _ack = Derive(secret, "uem-path/1 ack"u8);
    }

    /// <summary>The key of probes, which the peer writes.</summary>
    public ReadOnlySpan<byte> Probe => _probe;

    /// <summary>The key of acks, which the edge writes.</summary>
    public ReadOnlySpan<byte> Ack => _ack;

    /// <summary>Makes a secret.</summary>
    /// <returns>Random bytes.</returns>
    public static byte[] NewSecret() => RandomNumberGenerator.GetBytes(SecretBytes);

    private static byte[] Derive(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label)
    {
        var key = new byte[HMACSHA256.HashSizeInBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, key, salt: [], info: label);
        return key;
    }
}
