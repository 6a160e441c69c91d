namespace OrleansUem.Grains.Interfaces;

/// <summary>
/// A request on its way to an edge's link. The body is a whole ControlRequest of control.proto with id 0: the link writes the id of its own
/// connection over it. So contracts between grains stay the same when a request of the wire gets a field.
/// </summary>
[GenerateSerializer, Immutable, Alias("uem.EdgeRequest")]
public sealed record EdgeRequest
{
    /// <summary>The edge grain's number for it; the answer carries it back.</summary>
    [Id(0)] public required ulong RequestId { get; init; }

    /// <summary>ControlRequest with id 0.</summary>
    [Id(1)] public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Goes before everything that waits on the link; cuts and ends.</summary>
    [Id(2)] public bool IsUrgent { get; init; }
}
