namespace OrleansUem.Grains.Interfaces;

/// <summary>What a grain asks of an edge.</summary>
[GenerateSerializer, Immutable, Alias("uem.EdgeQuestion")]
public sealed record EdgeQuestion
{
    /// <summary>ControlRequest with id 0.</summary>
    [Id(0)] public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>How long to wait for the answer; 1..10,000.</summary>
    [Id(1)] public required int TimeoutMs { get; init; }

    /// <summary>Goes before everything that waits on the link.</summary>
    [Id(2)] public bool IsUrgent { get; init; }
}
