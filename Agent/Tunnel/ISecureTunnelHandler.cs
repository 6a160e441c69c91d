using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Tunnel;

/// <summary>
/// The owner of a <see cref="SecureTunnel"/>. Spans are valid during the call only; nothing here may block.
/// <para>
/// <see cref="SendDatagram"/> runs inside the tunnel's lock and must call no tunnel. Everything else runs outside of it and may call any tunnel. OnSecured,
/// OnConfigured and OnClosed come one after the other, in this order; a packet that was under way may still arrive during or after OnClosed.
/// </para>
/// </summary>
public interface ISecureTunnelHandler
{
    /// <summary>Sends one datagram on the tunnel's channel.</summary>
    /// <returns>False when the channel dropped it; <see cref="SecureTunnel.SendPacket(ReadOnlySpan{byte})"/> then returns <see cref="DropReason.QueueFull"/>.</returns>
    bool SendDatagram(SecureTunnel tunnel, ReadOnlySpan<byte> datagram);

    /// <summary>Takes a packet of the far end: authenticated bytes that begin like IPv4, no more is known of them.</summary>
    void DeliverPacket(SecureTunnel tunnel, ReadOnlySpan<byte> packet);

    /// <summary>The far end is authenticated; decides whether and with what the tunnel goes on.</summary>
    TunnelAdmission OnSecured(SecureTunnel tunnel, TunnelSecurity security);

    /// <summary>The tunnel is up.</summary>
    void OnConfigured(SecureTunnel tunnel, TunnelConfiguration configuration);

    /// <summary>The tunnel is over; the last event.</summary>
    void OnClosed(SecureTunnel tunnel, Reason reason, string detail, bool isByPeer);

    /// <summary>A datagram or packet was dropped; for a counter. May run inside the tunnel's lock.</summary>
    void OnDropped(SecureTunnel tunnel, DropReason reason);
}
