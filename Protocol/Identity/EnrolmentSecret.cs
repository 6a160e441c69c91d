using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace OrleansUem.Protocol.Identity;

/// <summary>
/// A secret of 128 bits that an activation, invitation or join token carries from its maker to one holder by another way than the relay. Each side proves
/// that it knows it by MACs over the exchange; the secret itself never crosses the wire. HKDF (RFC 5869) gives a key for each direction, so
/// that an answer can't be made by reflecting a request.
/// </summary>
public static class EnrolmentSecret
{
    /// <summary>Bytes of the secret.</summary>
    public const int SecretBytes = 16;

    /// <summary>Bytes of the id that names it in the open.</summary>
    public const int IdBytes = 16;

    /// <summary>A device asks its node for a certificate. Parts: tenant id, activation id, version (4 bytes, network order), SHA-256 of the CSR.</summary>
    public const string Activation = "uem-activation/1";

    /// <summary>A node registers a tenant. Parts: installation id, invitation id, DER of the root.</summary>
    public const string Invitation = "uem-register/1";

    /// <summary>An edge asks for its certificate. Parts: installation id, token id, edge id, SHA-256 of the CSR.</summary>
    public const string Join = "uem-join/1";

    /// <summary>Makes an id or a secret.</summary>
    /// <returns>16 random bytes.</returns>
    public static byte[] NewRandom() => RandomNumberGenerator.GetBytes(SecretBytes);

    /// <summary>The MAC of a request.</summary>
    /// <param name="secret">The secret.</param>
    /// <param name="label">The exchange, one of the labels above.</param>
    /// <param name="parts">The parts in the label's order; each is hashed with its length before it.</param>
    /// <returns>32 bytes.</returns>
    public static byte[] RequestMac(ReadOnlySpan<byte> secret, string label, params ReadOnlySpan<byte[]> parts) =>
        Mac(secret, label + " request", parts);

    /// <summary>The MAC of an answer. The first part is always the request's MAC, which ties the two together.</summary>
    /// <param name="secret">The secret.</param>
    /// <param name="label">The exchange.</param>
    /// <param name="parts">The request's MAC, then what the answer carries.</param>
    /// <returns>32 bytes.</returns>
    public static byte[] AnswerMac(ReadOnlySpan<byte> secret, string label, params ReadOnlySpan<byte[]> parts) =>
        Mac(secret, label + " answer", parts);

    /// <summary>Compares MACs in constant time.</summary>
    /// <param name="expected">The one computed.</param>
    /// <param name="received">The one received; any bytes.</param>
    /// <returns>True when equal.</returns>
    public static bool Matches(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> received) =>
        CryptographicOperations.FixedTimeEquals(expected, received);

    private static byte[] Mac(ReadOnlySpan<byte> secret, string purpose, ReadOnlySpan<byte[]> parts)
    {
        Span<byte> key = stackalloc byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, key, salt: [], info: Encoding.ASCII.GetBytes(purpose));
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        Span<byte> length = stackalloc byte[4];
        foreach (var part in parts)
        {
            BinaryPrimitives.WriteInt32BigEndian(length, part.Length);
            mac.AppendData(length);
            mac.AppendData(part);
        }

        CryptographicOperations.ZeroMemory(key);
        return mac.GetHashAndReset();
    }
}
