namespace OrleansUem.Grains.Interfaces;

/// <summary>A device's enrolment on its way to a node.</summary>
[GenerateSerializer, Immutable, Alias("uem.EnrolmentRequest")]
public sealed record EnrolmentRequest
{
    /// <summary>The Enrol payload (session.proto) as received.</summary>
    [Id(0)] public required ReadOnlyMemory<byte> Enrol { get; init; }
}
