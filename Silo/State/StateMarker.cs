using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansUem.Silo.State;

/// <summary>The content of <see cref="StateFiles.Marker"/>.</summary>
/// <param name="Version">The layout of the directory: <see cref="SqliteVersion"/> or <see cref="PostgresVersion"/>.</param>
/// <param name="Name">The silo's name.</param>
internal sealed record StateMarker(int Version, string Name)
{
    /// <summary>Grains are in SQLite files of the directory, or nowhere yet.</summary>
    public const int SqliteVersion = 1;

    /// <summary>Grains are in PostgreSQL. A layout of its own, so that a program which knows only SQLite does not start on an empty file.</summary>
    public const int PostgresVersion = 2;

    /// <summary>Whether the silo has its grains in PostgreSQL.</summary>
    [JsonIgnore]
    public bool UsesPostgres => Version == PostgresVersion;

    /// <summary>Writes it into a state directory.</summary>
    public static void Write(string directory, StateMarker marker) =>
        StateFiles.Write(Path.Combine(directory, StateFiles.Marker), JsonSerializer.Serialize(marker) + "\n");
}
