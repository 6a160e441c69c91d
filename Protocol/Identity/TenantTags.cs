using System.Security.Cryptography;
using System.Text;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Protocol.Identity;

/// <summary>
/// The installation's MAC over a tenant id, handed out when the tenant registers and in every activation. A silo checks it before it touches a
/// grain or the database, so that ids which somebody made up cost one HMAC. It is no secret between a tenant and its devices and grants nothing.
/// </summary>
public static class TenantTags
{
    /// <summary>Bytes of a tag: 128 bits of HMAC-SHA256.</summary>
    public const int TagBytes = 16;

    /// <summary>Bytes of the installation's key.</summary>
    public const int KeyBytes = 32;

    /// <summary>Makes a tag.</summary>
    /// <param name="key">The installation's key, <see cref="KeyBytes"/> random bytes.</param>
    /// <param name="tenant">The tenant.</param>
    /// <returns><see cref="TagBytes"/> bytes.</returns>
    public static byte[] Create(ReadOnlySpan<byte> key, TenantId tenant) =>
        HMACSHA256.HashData(key, Encoding.ASCII.GetBytes("uem-tenant-tag/1\0" + tenant.Text))[..TagBytes];

    /// <summary>Checks a tag in constant time.</summary>
    /// <param name="key">The installation's key.</param>
    /// <param name="tenant">The tenant that the peer names.</param>
    /// <param name="tag">The tag that it shows; any bytes.</param>
    /// <returns>True when it fits.</returns>
    public static bool Verify(ReadOnlySpan<byte> key, TenantId tenant, ReadOnlySpan<byte> tag) =>
        tenant.Text is not null && CryptographicOperations.FixedTimeEquals(Create(key, tenant), tag);
}
