namespace OrleansUem.Protocol.Tunnel;

/// <summary>Where a tunnel is in its life; see the drawing at <see cref="TunnelMachine"/>.</summary>
public enum TunnelState
{
    /// <summary>The end-to-end DTLS handshake is under way outside the machine.</summary>
    AwaitSecure = 0,

    /// <summary>The device asks for its configuration; the node waits to be asked.</summary>
    Configuring = 1,

    /// <summary>Packets pass.</summary>
    Up = 2,

    /// <summary>Over; every input is dropped.</summary>
    Closed = 3,
}
