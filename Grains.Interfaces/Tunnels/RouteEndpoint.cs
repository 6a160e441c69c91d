namespace OrleansUem.Grains.Interfaces;

/// <summary>One end of a route: a channel of a session.</summary>
[GenerateSerializer, Immutable, Alias("uem.RouteEndpoint")]
public sealed record RouteEndpoint
{
    /// <summary>The session.</summary>
    [Id(0)] public required SessionKey Session { get; init; }

    /// <summary>The channel number with its generation; 0: the edge of this session allocates it.</summary>
    [Id(1)] public required uint Channel { get; init; }
}
