namespace OrleansUem.Device.Tunnels;

/// <summary>Where the device's one tunnel stands; see <see cref="DeviceTunnelMachine"/>.</summary>
internal enum DeviceTunnelState
{
    /// <summary>No session; the tunnel is opened when there is one.</summary>
    Detached = 0,

    /// <summary>Attached; the next attempt waits for its time.</summary>
    Waiting = 1,

    /// <summary>OPEN is sent.</summary>
    Opening = 2,

    /// <summary>The channel is there; end-to-end handshake and configuration run.</summary>
    Securing = 3,

    /// <summary>Packets pass.</summary>
    Up = 4,

    /// <summary>Closed for want of traffic; a packet opens it.</summary>
    Asleep = 5,

    /// <summary>Over: the node refused this device for good, or the agent ends.</summary>
    Ended = 6,
}
