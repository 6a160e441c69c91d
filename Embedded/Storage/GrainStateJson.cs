using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansUem.Embedded.Storage;

/// <summary>
/// The JSON form of grain state, the same in both actor hosts. Enums are numbers, since a member may be renamed but not
/// renumbered; unknown members are skipped, so that an older program reads a newer record.
/// </summary>
public static class GrainStateJson
{
    /// <summary>The options of the form.</summary>
    public static JsonSerializerOptions Options { get; } = MakeOptions();

    /// <summary>Writes a state as UTF-8.</summary>
    public static byte[] Serialize<T>(T state) => JsonSerializer.SerializeToUtf8Bytes(state, Options);

    /// <summary>Reads a state; null for an empty text and for the text null.</summary>
    public static T? Deserialize<T>(ReadOnlySpan<byte> json) =>
        json.IsEmpty ? default : JsonSerializer.Deserialize<T>(json, Options);

    private static JsonSerializerOptions MakeOptions() => new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
        IncludeFields = false,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        PreferredObjectCreationHandling = JsonObjectCreationHandling.Replace,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
    };
}
