using OrleansUem.Agent.Tunnel;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

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

    /// <summary>Seals a packet of the TUN into a batch that the caller sends; any thread.</summary>
    /// <returns>Unspecified when it is in the batch, else why not.</returns>
    DropReason SendPacket(ReadOnlySpan<byte> packet, Channel channel, FrameBatch batch);

    /// <summary>Ends it and tells the far end.</summary>
    void Close(Reason reason, string detail);
}
