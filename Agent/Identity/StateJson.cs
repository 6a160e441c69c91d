using System.Text.Json;

namespace OrleansUem.Agent.Identity;

/// <summary>How documents of a state directory are read: null or nothing where a value must stand is a damaged document (JsonException), not a null that somebody meets later.</summary>
internal static class StateJson
{
    /// <summary>Property names as in C#.</summary>
    public static JsonSerializerOptions Strict { get; } = new() { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    /// <summary>Property names in camel case, indented for people.</summary>
    public static JsonSerializerOptions StrictWeb { get; } = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        WriteIndented = true,
    };
}
