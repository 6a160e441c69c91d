using System.Collections.Immutable;

namespace OrleansUem.Grains.Interfaces;

/// <summary>What an administrator sees of a tenant.</summary>
[GenerateSerializer, Immutable, Alias("uem.TenantStatus")]
public sealed record TenantStatus
{
    /// <summary>Whether there is such a tenant.</summary>
    [Id(0)] public bool IsRegistered { get; init; }

    /// <summary>Whether it is cut off.</summary>
    [Id(1)] public bool IsCut { get; init; }

    /// <summary>Its name.</summary>
    [Id(2)] public string Name { get; init; } = "";

    /// <summary>Every node that ever attached, in the order of names.</summary>
    [Id(3)] public ImmutableArray<string> Nodes { get; init; } = [];

    /// <summary>The ones that are attached as far as the grain knows, in the order of names.</summary>
    [Id(4)] public ImmutableArray<string> AttachedNodes { get; init; } = [];
}
