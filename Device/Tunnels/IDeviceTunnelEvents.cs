using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device.Tunnels;

/// <summary>What an end-to-end tunnel brings. The first and the last two may run inside the tunnel's lock and take no other.</summary>
internal interface IDeviceTunnelEvents
{
    /// <summary>Sends a datagram on the channel.</summary>
    bool SendDatagram(ReadOnlySpan<byte> datagram);

    /// <summary>The node is authenticated.</summary>
    void OnSecured(string suite);

    /// <summary>Packets pass.</summary>
    void OnConfigured(TunnelConfiguration configuration);

    /// <summary>The tunnel is over.</summary>
    void OnClosed(Reason reason, string detail, bool isByPeer);

    /// <summary>A packet of the node for the TUN.</summary>
    void DeliverPacket(ReadOnlySpan<byte> packet);

    /// <summary>For a counter.</summary>
    void OnDropped(DropReason reason);
}
