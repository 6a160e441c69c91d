using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device.Tunnels;

/// <summary>The device's end of one end-to-end tunnel; the real one is <see cref="SecureDeviceTunnel"/>.</summary>
internal interface IDeviceTunnel
{
    /// <summary>Begins the handshake.</summary>
    void Start();

    /// <summary>Takes a datagram of the channel; one thread at a time.</summary>
    void OnDatagram(ReadOnlySpan<byte> datagram);

    /// <summary>Sends a packet of the TUN; any thread.</summary>
    /// <returns>Unspecified when it went out, else why not.</returns>
    DropReason SendPacket(ReadOnlySpan<byte> packet);

    /// <summary>Ends it and tells the far end.</summary>
    void Close(Reason reason, string detail);
}
