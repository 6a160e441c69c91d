using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Interfaces;

/// <summary>An edge's answer. The body is a whole ControlAnswer of control.proto; its id means nothing here.</summary>
[GenerateSerializer, Immutable, Alias("uem.EdgeAnswer")]
public sealed record EdgeAnswer
{
    /// <summary>The number of the request.</summary>
    [Id(0)] public ulong RequestId { get; init; }

    /// <summary>The number of <see cref="Reason"/>; 0 when the body answers.</summary>
    [Id(1)] public int ReasonCode { get; init; }

    /// <summary>For people.</summary>
    [Id(2)] public string Detail { get; init; } = "";

    /// <summary>ControlAnswer; may be empty when there is a reason.</summary>
    [Id(3)] public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>None; what the edge said; or NoSilo (no link), ControlTimeout, Overloaded.</summary>
    public Reason Reason { get => (Reason)ReasonCode; init => ReasonCode = (int)value; }
}
