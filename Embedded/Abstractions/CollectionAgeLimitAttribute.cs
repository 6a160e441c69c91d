namespace OrleansUem.Embedded;

/// <summary>How long an activation of this class may be idle before it is collected. The parts add up.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class CollectionAgeLimitAttribute : Attribute
{
    /// <summary>Days.</summary>
    public double Days { get; init; }

    /// <summary>Hours.</summary>
    public double Hours { get; init; }

    /// <summary>Minutes.</summary>
    public double Minutes { get; init; }

    /// <summary>Activations of this class are never collected for being idle.</summary>
    public bool AlwaysActive { get; init; }
}
