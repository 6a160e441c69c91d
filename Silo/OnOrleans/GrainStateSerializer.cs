using OrleansUem.Embedded.Storage;

namespace OrleansUem.Silo;

/// <summary>Grain state as the embedded host stores it: one form for both, see <see cref="GrainStateJson"/>.</summary>
internal sealed class GrainStateSerializer : IGrainStorageSerializer
{
    public BinaryData Serialize<T>(T? input) => new(GrainStateJson.Serialize(input));

    public T? Deserialize<T>(BinaryData input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return GrainStateJson.Deserialize<T>(input.ToMemory().Span);
    }
}
