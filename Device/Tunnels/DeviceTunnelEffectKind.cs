namespace OrleansUem.Device.Tunnels;

/// <summary>What the owner of a <see cref="DeviceTunnelMachine"/> is to do.</summary>
internal enum DeviceTunnelEffectKind
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Send OPEN with the request id.</summary>
    SendOpen = 1,

    /// <summary>Begin the end-to-end tunnel on the channel with the node.</summary>
    StartTunnel = 2,

    /// <summary>Drop the end-to-end tunnel; Reason and Detail tell the far end.</summary>
    StopTunnel = 3,

    /// <summary>Send CLOSETUNNEL on the channel.</summary>
    CloseChannel = 4,

    /// <summary>Tell the person that the tunnel is over; RetryIn tells when it opens again.</summary>
    ReportClosed = 5,

    /// <summary>Tell the person that the next packet opens the tunnel.</summary>
    ReportAsleep = 6,

    /// <summary>End the agent.</summary>
    Fail = 7,

    /// <summary>End the session: it does not answer.</summary>
    EndSession = 8,
}
