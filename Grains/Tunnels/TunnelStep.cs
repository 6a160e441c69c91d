using System.Collections.Immutable;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Tunnels;

/// <summary>What an event made of the machine.</summary>
internal sealed record TunnelStep(TunnelMemory Next, ImmutableArray<TunnelEffect> Effects)
{
    /// <summary>Of an OPEN: the answer that is there already; null: opening (again, or with the first).</summary>
    internal TunnelOpenResult? Answer { get; init; }

    /// <summary>Of an OPEN: a new tunnel id was given, and the caller opens it.</summary>
    internal bool IsNew { get; init; }

    /// <summary>Of a later event: it concerned the newest tunnel in the phase it was meant for.</summary>
    internal bool Applied { get; init; }

    /// <summary>Of a renewal.</summary>
    internal Reason Verdict { get; init; }
}
