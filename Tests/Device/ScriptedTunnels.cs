using OrleansUem.Agent.Tunnel;
using OrleansUem.Agent.Uplink;
using OrleansUem.Device.Tunnels;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Tests.Device;

/// <summary>End-to-end tunnels that do as a test says.</summary>
internal sealed class ScriptedTunnels : IDeviceTunnelFactory
{
    /// <summary>Every tunnel made, the newest last.</summary>
    public List<ScriptedTunnel> Made { get; } = [];

    public ScriptedTunnel Last => Made[^1];

    public IDeviceTunnel Create(string node, IDeviceTunnelEvents events)
    {
        var tunnel = new ScriptedTunnel(node, events);
        Made.Add(tunnel);
        return tunnel;
    }

    internal sealed class ScriptedTunnel(string node, IDeviceTunnelEvents events) : IDeviceTunnel
    {
        public string Node => node;

        public IDeviceTunnelEvents Events => events;

        public bool IsStarted { get; private set; }

        public Reason? ClosedWith { get; private set; }

        public List<byte[]> Sent { get; } = [];

        /// <summary>Called with the count of <see cref="Sent"/> after each packet.</summary>
        public Action<int>? OnSent { get; set; }

        public List<byte[]> Received { get; } = [];

        public TunnelTotals Totals { get; set; }

        public void Start() => IsStarted = true;

        public void OnDatagram(ReadOnlySpan<byte> datagram) => Received.Add(datagram.ToArray());

        public DropReason SendPacket(ReadOnlySpan<byte> packet, IUplinkSession session, Channel channel, SendBatch batch)
        {
            Sent.Add(packet.ToArray());
            OnSent?.Invoke(Sent.Count);
            return DropReason.Unspecified;
        }

        public DropReason SendPackets(scoped ref PacketSegmenter packets, IUplinkSession session, Channel channel, SendBatch batch, out TakenPackets taken)
        {
            taken = new TakenPackets(1, packets.Current.Length);
            SendPacket(packets.Current, session, channel, batch);
            packets.MoveNext();
            return DropReason.Unspecified;
        }

        // As the real one does: the end is told to the agent from inside the call.
        public void Close(Reason reason, string detail)
        {
            ClosedWith = reason;
            events.OnClosed(reason, detail, false);
        }
    }
}
