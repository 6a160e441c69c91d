using System.Text;

namespace OrleansUem.Embedded.Storage;

/// <summary>What names a row of OrleansStorage: the state's name, which stands in GrainTypeString, and the grain's key.</summary>
internal readonly record struct StorageRow(string StateName, int TypeHash, StorageKey Key)
{
    internal static StorageRow Of(string stateName, GrainId grainId) =>
        new(stateName, StableHash.Compute(Encoding.UTF8.GetBytes(stateName)), StorageKey.Of(grainId));
}
