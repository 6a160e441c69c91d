namespace OrleansUem.Grains.Interfaces;

/// <summary>How many edges applied a cut.</summary>
[GenerateSerializer, Immutable, Alias("uem.CutAcknowledgements")]
public sealed record CutAcknowledgements
{
    /// <summary>Edges with a link.</summary>
    [Id(0)] public int EdgesTold { get; init; }

    /// <summary>Those that said it is applied.</summary>
    [Id(1)] public int EdgesAcknowledged { get; init; }
}
