using OrleansUem.Agent.Tunnel;
using OrleansUem.Agent.Uplink;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device.Tunnels;

/// <summary>The device's end of one end-to-end tunnel; the real one is <see cref="SecureDeviceTunnel"/>.</summary>
internal interface IDeviceTunnel
{
    /// <summary>Packets so far; any thread.</summary>
    TunnelTotals Totals { get; }

    /// <summary>Begins the handshake.</summary>
    void Start();

    /// <summary>Takes a datagram of the channel; one thread at a time.</summary>
    void OnDatagram(ReadOnlySpan<byte> datagram);

    /// <inheritdoc cref="SecureTunnel.SendPacket(ReadOnlySpan{byte}, IUplinkSession, Channel, SendBatch)"/>
    DropReason SendPacket(ReadOnlySpan<byte> packet, IUplinkSession session, Channel channel, SendBatch batch);

    /// <inheritdoc cref="SecureTunnel.SendPackets"/>
    DropReason SendPackets(scoped ref PacketSegmenter packets, IUplinkSession session, Channel channel, SendBatch batch, out TakenPackets taken);

    /// <summary>Ends it and tells the far end.</summary>
    void Close(Reason reason, string detail);
}
