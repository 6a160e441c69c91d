using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace OrleansUem.Embedded.Storage;

/// <summary>
/// A grain's key in the columns of Orleans' AdoNet tables. Orleans puts a key that reads as a Guid or as a hexadecimal
/// number into GrainIdN0 and GrainIdN1, any other into GrainIdExtensionString; the same here lets a cluster take over the rows.
/// </summary>
internal readonly record struct StorageKey(long N0, long N1, string? Text, int Hash)
{
    private const int GuidCharacters = 32;
    private const int NumberCharactersMax = 16;

    internal static StorageKey Of(GrainId grainId)
    {
        var key = grainId.Key.Value;
        if (key.Length == GuidCharacters && Guid.TryParseExact(key, "N", out var guid))
        {
            Span<byte> parts = stackalloc byte[16];
            guid.TryWriteBytes(parts);
            var n0 = BinaryPrimitives.ReadInt64LittleEndian(parts);
            var n1 = BinaryPrimitives.ReadInt64LittleEndian(parts[8..]);
            return new StorageKey(n0, n1, null, HashOfReversed(parts));
        }

        // Only the form that an integer key itself has, so that two text keys never become one number.
        if (key.Length is > 0 and <= NumberCharactersMax
            && long.TryParse(key, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
            && number.ToString("X", CultureInfo.InvariantCulture) == key)
        {
            Span<byte> bytes = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
            return new StorageKey(0, number, null, HashOfReversed(bytes));
        }

        var text = Encoding.UTF8.GetBytes(key);
        return new StorageKey(0, 0, key, HashOfReversed(text));
    }

    // Orleans hashes the key's bytes from the last to the first.
    private static int HashOfReversed(Span<byte> bytes)
    {
        bytes.Reverse();
        return StableHash.Compute(bytes);
    }
}
