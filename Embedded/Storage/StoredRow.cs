namespace OrleansUem.Embedded.Storage;

/// <summary>What a row of OrleansStorage holds.</summary>
/// <param name="Version">1 and up.</param>
/// <param name="Payload">Null: the state was cleared.</param>
internal sealed record StoredRow(int Version, byte[]? Payload);
