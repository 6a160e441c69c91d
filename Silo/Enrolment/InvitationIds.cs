using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using OrleansUem.Protocol.Identity;

namespace OrleansUem.Silo.Enrolment;

/// <summary>
/// Ids of invitations and join tokens: 8 random bytes and 8 bytes of the installation's MAC over them. Registration and joining are open to
/// strangers; an id that somebody made up costs one HMAC instead of a grain and a read of the database. The id is no secret; the secret is beside it.
/// </summary>
internal static class InvitationIds
{
    /// <summary>Characters of the text form: base64url of 16 bytes.</summary>
    public const int TextCharacters = 22;

    private const int RandomBytes = EnrolmentSecret.IdBytes / 2;

    public static string Create(ReadOnlySpan<byte> key)
    {
        Span<byte> id = stackalloc byte[EnrolmentSecret.IdBytes];
        RandomNumberGenerator.Fill(id[..RandomBytes]);
        Mac(key, id[..RandomBytes]).CopyTo(id[RandomBytes..]);
        return Base64Url.EncodeToString(id);
    }

    public static bool Verify(ReadOnlySpan<byte> key, string text)
    {
        Span<byte> id = stackalloc byte[EnrolmentSecret.IdBytes];
        return text.Length == TextCharacters
            && Base64Url.DecodeFromChars(text, id, out _, out var written) == OperationStatus.Done
            && written == id.Length

            // One text for one id: the last character has four bits that say nothing.
            && Base64Url.EncodeToString(id) == text
            && CryptographicOperations.FixedTimeEquals(Mac(key, id[..RandomBytes]), id[RandomBytes..]);
    }

    private static byte[] Mac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> random)
    {
        var content = new byte["uem-invitation-id/1\0".Length + RandomBytes];
        Encoding.ASCII.GetBytes("uem-invitation-id/1\0", content);
        random.CopyTo(content.AsSpan(content.Length - RandomBytes));
        return HMACSHA256.HashData(key, content)[..RandomBytes];
    }
}
