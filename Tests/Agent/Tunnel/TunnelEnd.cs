using OrleansUem.Agent.Tunnel;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Tests.Agent.Tunnel;

/// <summary>One end of a tunnel in a test: records what the tunnel tells, and puts its datagrams into <see cref="Outbox"/>.</summary>
internal sealed class TunnelEnd : ISecureTunnelHandler
{
    public Queue<byte[]> Outbox { get; } = new();

    public List<byte[]> Packets { get; } = [];

    public List<string> Events { get; } = [];

    public List<DropReason> Drops { get; } = [];

    public TunnelSecurity? Security { get; private set; }

    public TunnelConfiguration? Configuration { get; private set; }

    public (Reason Reason, string Detail, bool IsByPeer)? End { get; private set; }

    /// <summary>What a node decides; null at a device.</summary>
    public TunnelAdmission Admission { get; set; } = TunnelAdmission.Continue;

    public bool IsChannelFull { get; set; }

    /// <summary>False: datagrams and packets are thrown away, so that nothing here allocates.</summary>
    public bool IsRecording { get; set; } = true;

    public long PacketCount { get; private set; }

    public byte[] Last { get; } = new byte[16_640];

    public int LastBytes { get; private set; }

    public bool SendDatagram(SecureTunnel tunnel, ReadOnlySpan<byte> datagram)
    {
        if (IsChannelFull)
        {
            return false;
        }

        datagram.CopyTo(Last);
        LastBytes = datagram.Length;
        if (IsRecording)
        {
            Outbox.Enqueue(datagram.ToArray());
        }

        return true;
    }

    public void DeliverPacket(SecureTunnel tunnel, ReadOnlySpan<byte> packet)
    {
        PacketCount++;
        if (IsRecording)
        {
            Packets.Add(packet.ToArray());
        }
    }

    public TunnelAdmission OnSecured(SecureTunnel tunnel, TunnelSecurity security)
    {
        Events.Add("secured");
        Security = security;
        return Admission;
    }

    public void OnConfigured(SecureTunnel tunnel, TunnelConfiguration configuration)
    {
        Events.Add("configured");
        Configuration = configuration;
    }

    public void OnClosed(SecureTunnel tunnel, Reason reason, string detail, bool isByPeer)
    {
        Events.Add("closed");
        End = (reason, detail, isByPeer);
    }

    public void OnDropped(SecureTunnel tunnel, DropReason reason) => Drops.Add(reason);
}
