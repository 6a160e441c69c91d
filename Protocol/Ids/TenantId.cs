using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansUem.Protocol.Ids;

/// <summary>
/// A tenant, or the installation itself: the SHA-256 fingerprint of its root's SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) as 64 lower-case
/// hexadecimal digits. Whoever holds the root's private key is the tenant; nobody assigns the id.
/// </summary>
/// <param name="Text">64 lower-case hexadecimal digits.</param>
public readonly record struct TenantId(string Text)
{
    /// <summary>Characters of the text form: two per byte of SHA-256.</summary>
    public const int TextCharacters = 64;

    /// <summary>The id of the tenant whose root certificate this is.</summary>
    /// <param name="root">The root certificate.</param>
    /// <returns>The fingerprint of its public key.</returns>
    public static TenantId FromRoot(X509Certificate2 root)
    {
        ArgumentNullException.ThrowIfNull(root);
        return new(Convert.ToHexStringLower(SHA256.HashData(root.PublicKey.ExportSubjectPublicKeyInfo())));
    }

    /// <summary>Reads the text form.</summary>
    /// <param name="text">The candidate; null gives false.</param>
    /// <param name="id">The id on success.</param>
    /// <returns>False unless the text is exactly 64 lower-case hexadecimal digits.</returns>
    public static bool TryParse(string? text, out TenantId id)
    {
        id = default;
        if (text is null || text.Length != TextCharacters)
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!(char.IsAsciiDigit(c) || c is >= 'a' and <= 'f'))
            {
                return false;
            }
        }

        id = new TenantId(text);
        return true;
    }

    /// <summary>Reads the text form.</summary>
    /// <param name="text">The candidate.</param>
    /// <returns>The id.</returns>
    /// <exception cref="FormatException">Not 64 lower-case hexadecimal digits.</exception>
    public static TenantId Parse(string? text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"tenant id '{text}' is not {TextCharacters} lower-case hexadecimal digits.");

    /// <summary>The first 12 digits, for people; never compared.</summary>
    public string Short => Text is { Length: >= 12 } ? Text[..12] : "";

    /// <inheritdoc/>
    public override string ToString() => Text ?? "";
}
