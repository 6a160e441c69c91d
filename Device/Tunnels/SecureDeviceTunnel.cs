using OrleansUem.Agent.Tunnel;
using OrleansUem.Agent.Uplink;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device.Tunnels;

/// <summary>Joins <see cref="SecureTunnel"/> to the agent. The far end must be the node that OPENED named, of this device's tenant.</summary>
internal sealed class SecureDeviceTunnel : IDeviceTunnel, ISecureTunnelHandler
{
    private readonly IDeviceTunnelEvents _events;
    private readonly SecureTunnel _tunnel;

    public SecureDeviceTunnel(TunnelContexts contexts, TunnelTimer timer, string node, IDeviceTunnelEvents events)
    {
        _events = events;
        _tunnel = new SecureTunnel(contexts, timer, new TunnelPeer(node), this);
    }

    public TunnelTotals Totals => _tunnel.Totals;

    public void Start() => _tunnel.Start();

    public void OnDatagram(ReadOnlySpan<byte> datagram) => _tunnel.OnDatagram(datagram);

    public DropReason SendPacket(ReadOnlySpan<byte> packet, IUplinkSession session, Channel channel, SendBatch batch) => _tunnel.SendPacket(packet, session, channel, batch);

    public DropReason SendPackets(scoped ref PacketSegmenter packets, IUplinkSession session, Channel channel, SendBatch batch, out TakenPackets taken) =>
        _tunnel.SendPackets(ref packets, session, channel, batch, out taken);

    public void Close(Reason reason, string detail) => _tunnel.Close(reason, detail);

    public bool SendDatagram(SecureTunnel tunnel, ReadOnlySpan<byte> datagram) => _events.SendDatagram(datagram);

    public void DeliverPacket(SecureTunnel tunnel, ReadOnlySpan<byte> packet) => _events.DeliverPacket(packet);

    public TunnelAdmission OnSecured(SecureTunnel tunnel, TunnelSecurity security)
    {
        _events.OnSecured($"{security.Version} {security.CipherSuite}");
        return TunnelAdmission.Continue;
    }

    public void OnConfigured(SecureTunnel tunnel, TunnelConfiguration configuration) => _events.OnConfigured(configuration);

    public void OnClosed(SecureTunnel tunnel, Reason reason, string detail, bool isByPeer) => _events.OnClosed(reason, detail, isByPeer);

    public void OnDropped(SecureTunnel tunnel, DropReason reason) => _events.OnDropped(reason);
}
