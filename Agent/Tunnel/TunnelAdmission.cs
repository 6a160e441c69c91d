using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Tunnel;

/// <summary>What the owner of a tunnel decides once the far end is authenticated.</summary>
public readonly record struct TunnelAdmission
{
    /// <summary>A device goes on and asks for its configuration.</summary>
    public static readonly TunnelAdmission Continue;

    /// <summary>What a node gives the device; null at a device.</summary>
    public TunnelConfiguration? Offer { get; private init; }

    /// <summary>Why the tunnel ends; <see cref="Reason.None"/>: it goes on.</summary>
    public Reason Refusal { get; private init; }

    /// <summary>Words for people with <see cref="Refusal"/>.</summary>
    public string? Detail { get; private init; }

    /// <summary>A node gives a configuration.</summary>
    public static TunnelAdmission WithOffer(TunnelConfiguration offer) => new() { Offer = offer };

    /// <summary>The tunnel ends; the far end learns why.</summary>
    public static TunnelAdmission Refuse(Reason reason, string detail) => new() { Refusal = reason, Detail = detail };
}
