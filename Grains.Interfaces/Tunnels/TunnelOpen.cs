namespace OrleansUem.Grains.Interfaces;

/// <summary>A device's OPEN.</summary>
[GenerateSerializer, Immutable, Alias("uem.TunnelOpen")]
public sealed record TunnelOpen
{
    /// <summary>The device's session and the channel that its edge allocated.</summary>
    [Id(0)] public required RouteEndpoint Device { get; init; }

    /// <summary>The device's number for the request; the same one in the same session gets the same answer.</summary>
    [Id(1)] public required uint RequestId { get; init; }

    /// <summary>The node asked for; empty: any.</summary>
    [Id(2)] public string NodeId { get; init; } = "";
}
