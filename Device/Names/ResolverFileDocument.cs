namespace OrleansUem.Device.Names;

/// <summary>What was at the resolver's file before it became ours; <c>names.json</c> in the state directory.</summary>
internal sealed record ResolverFileDocument
{
    public const int CurrentVersion = 1;

    /// <summary>The document's version.</summary>
    public required int Version { get; init; }

    /// <summary>The file, full path.</summary>
    public required string Path { get; init; }

    /// <summary>The first line of ours after the '# ', unique for this taking.</summary>
    public required string Mark { get; init; }

    /// <summary>A regular file's bytes, base64; null: it was none.</summary>
    public string? Content { get; init; }

    /// <summary>A regular file's mode bits.</summary>
    public int Mode { get; init; }

    /// <summary>A symbolic link's target as it stood there; null: it was none. Neither: there was nothing.</summary>
    public string? Target { get; init; }
}
