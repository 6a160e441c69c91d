using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Tunnels;

/// <summary>What the machine wants done. Effects may be done in any order and more than once.</summary>
internal abstract record TunnelEffect
{
    /// <summary>The stored part changed.</summary>
    internal sealed record Store : TunnelEffect;

    /// <summary>An edge ends its routes of a lease.</summary>
    internal sealed record EndLease(string EdgeId, ulong TunnelId, Reason Reason, string Detail) : TunnelEffect;

    /// <summary>A node no longer carries the tunnel.</summary>
    internal sealed record ReleaseNode(string NodeId, ulong TunnelId) : TunnelEffect;

    /// <summary>A node carries the tunnel already; its grain may have forgotten.</summary>
    internal sealed record RecallNode(string NodeId, ulong TunnelId, SessionKey Session) : TunnelEffect;
}
