namespace OrleansUem.Embedded.CodeGeneration;

/// <summary>A grain class as the generator saw it.</summary>
public sealed class GrainClassDescription
{
    /// <summary>The class.</summary>
    public required Type ClassType { get; init; }

    /// <summary>The type part of its identities.</summary>
    public required string GrainType { get; init; }

    /// <summary>Makes an instance inside a turn of its activation.</summary>
    public required Func<GrainConstruction, object> Create { get; init; }

    /// <summary>All grain interfaces of the class.</summary>
    public required Type[] Interfaces { get; init; }

    /// <summary>The types of constructor parameters that come from the services.</summary>
    public Type[] Services { get; init; } = [];

    /// <summary>The names of its persistent states.</summary>
    public string[] StateNames { get; init; } = [];

    /// <summary>Whether calls interleave at each await.</summary>
    public bool IsReentrant { get; init; }

    /// <summary>Decides whether a call interleaves; null for never.</summary>
    public Func<IInvokable, bool>? MayInterleave { get; init; }

    /// <summary>Zero for one activation of an identity, -1 for as many as processors, else the limit.</summary>
    public int StatelessWorkers { get; init; }

    /// <summary>Never collected for being idle.</summary>
    public bool KeepsAlive { get; init; }

    /// <summary>The limit for idle activations; null for the host's default.</summary>
    public TimeSpan? CollectionAge { get; init; }

    /// <summary>Whether the class has an OnActivateAsync of its own.</summary>
    public bool HasOnActivate { get; init; } = true;

    /// <summary>Whether the class has an OnDeactivateAsync of its own.</summary>
    public bool HasOnDeactivate { get; init; } = true;
}
