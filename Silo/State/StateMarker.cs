namespace OrleansUem.Silo.State;

/// <summary>The content of <see cref="StateFiles.Marker"/>.</summary>
/// <param name="Version">The layout of the directory.</param>
/// <param name="Name">The silo's name.</param>
internal sealed record StateMarker(int Version, string Name)
{
    /// <summary>The layout that this code reads and writes.</summary>
    public const int CurrentVersion = 1;
}
