using System.Globalization;
using OrleansUem.Agent.Tunnel;
using OrleansUem.Agent.Uplink;
using OrleansUem.Node.Enrolment;
using OrleansUem.Node.Forwarding;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Queues;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Node.Tunnels;

/// <summary>
/// One device's tunnel at the node: ties its channel of the uplink's session, the end-to-end tunnel and the forwarder together. Threads as in
/// <see cref="ISecureTunnelHandler"/>.
/// </summary>
internal sealed class NodeTunnel : ISecureTunnelHandler, IPacketPort
{
    private readonly NodeTunnels _owner;
    private volatile bool _isChannelOver;
    private volatile string? _fingerprint;

    public NodeTunnel(NodeTunnels owner, IUplinkSession session, Channel channel, DeviceId device, ulong tunnelId)
    {
        _owner = owner;
        Session = session;
        Channel = channel;
        Device = device;
        TunnelId = tunnelId;
        Tunnel = new SecureTunnel(owner.Contexts, owner.Timer, new TunnelPeer(device.Text, owner.Revocations.IsRevoked), this);
    }

    public IUplinkSession Session { get; }

    public Channel Channel { get; }

    public DeviceId Device { get; }

    public ulong TunnelId { get; }

    public SecureTunnel Tunnel { get; }

    public string CipherSuite { get; private set; } = "";

    /// <summary>Of the device's certificate; null until it is authenticated.</summary>
    public string? Fingerprint => _fingerprint;

    public Ipv4Address Address { get; private set; }

    public int MtuBytes { get; private set; }

    public PermittedTraffic Permitted { get; } = new();

    // A device that scans learns the first refusals at once and then one every 100 ms.
    public TokenBucket IcmpLimit { get; } = new(perSecond: 10, burst: 20);

    /// <summary>The relay has ended the channel: nothing can be sent on it any more.</summary>
    public void EndByRelay(Reason reason, string detail)
    {
        _isChannelOver = true;
        Tunnel.Close(reason, detail);
    }

    public DropReason SendPacket(ReadOnlySpan<byte> packet, SendBatch batch) => _isChannelOver ? DropReason.NoTunnel : Tunnel.SendPacket(packet, Session, Channel, batch);

    public DropReason SendPackets(scoped ref PacketSegmenter packets, SendBatch batch, out TakenPackets taken)
    {
        taken = default;
        return _isChannelOver ? DropReason.NoTunnel : Tunnel.SendPackets(ref packets, Session, Channel, batch, out taken);
    }

    public bool SendDatagram(SecureTunnel tunnel, ReadOnlySpan<byte> datagram) =>
        !_isChannelOver && Session.TrySendDatagram(Channel, datagram);

    public void DeliverPacket(SecureTunnel tunnel, ReadOnlySpan<byte> packet) => _owner.Forwarder.FromTunnel(this, packet);

    public TunnelAdmission OnSecured(SecureTunnel tunnel, TunnelSecurity security)
    {
        CipherSuite = security.CipherSuite;
        _fingerprint = IssuedLedger.Fingerprint(security.Certificate);
        _owner.Tell(new NodeStatus(
            NodeStatusKind.TunnelSecured,
            $"device {Device}: authenticated end to end as {security.Peer}, {security.Version} {security.CipherSuite}")
        {
            Device = Device.Text,
            Suite = security.CipherSuite,
        });
        // Revoked between the handshake's look at the list and here: the watch has not seen this tunnel.
        if (_owner.Revocations.Contains(_fingerprint))
        {
            return TunnelAdmission.Refuse(Reason.CertificateRevoked, "the organisation has revoked the device's certificate");
        }

        if (!_owner.TryAssign(Device, out var address))
        {
            return TunnelAdmission.Refuse(Reason.NoAddress, "the node's address pool is used up");
        }

        Address = address;
        return TunnelAdmission.WithOffer(_owner.CreateOffer(address));
    }

    public void OnConfigured(SecureTunnel tunnel, TunnelConfiguration configuration)
    {
        MtuBytes = configuration.MtuBytes;
        _owner.TunnelUp(this);
    }

    public void OnClosed(SecureTunnel tunnel, Reason reason, string detail, bool isByPeer)
    {
        if (!_isChannelOver)
        {
            _isChannelOver = true;
            Session.TrySend(FrameType.CloseTunnel, Channel, new CloseTunnel { Reason = (uint)reason, Detail = CloseDetail(reason, detail) });
        }

        _owner.TunnelOver(this, reason, detail, isByPeer);
    }

    public void OnDropped(SecureTunnel tunnel, DropReason reason) => _owner.Metrics.Drop(reason);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Device}/{TunnelId} on {Channel}");

    // The relay learns the reason; the words are for the two ends, which have them by the farewell. A failed handshake had no farewell.
    private static string CloseDetail(Reason reason, string detail) => reason == Reason.EndToEndFailed ? ReasonText.Cut(detail) : "";
}
