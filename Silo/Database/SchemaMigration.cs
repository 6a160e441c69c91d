namespace OrleansUem.Silo.Database;

/// <summary>One step of the schema.</summary>
/// <param name="Version">1 and up, without gaps.</param>
/// <param name="Name">The file's name.</param>
/// <param name="Text">SQL.</param>
internal sealed record SchemaMigration(int Version, string Name, string Text);
