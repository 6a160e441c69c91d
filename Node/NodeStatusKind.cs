namespace OrleansUem.Node;

/// <summary>A step that a person wants to see; see <see cref="NodeStatus"/>.</summary>
public enum NodeStatusKind
{
    Unspecified = 0,

    /// <summary>TUN, address, forwarding and translation are set up.</summary>
    NetworkReady = 1,

    /// <summary>The node dials a relay.</summary>
    Connecting = 2,

    /// <summary>The node is attached: devices can reach it.</summary>
    Attached = 3,

    /// <summary>The session or the attempt is over.</summary>
    Detached = 4,

    /// <summary>The relay offers a device's tunnel.</summary>
    TunnelOffered = 5,

    /// <summary>The device is authenticated end to end.</summary>
    TunnelSecured = 6,

    /// <summary>The device has its address; packets pass.</summary>
    TunnelOpen = 7,

    /// <summary>The tunnel is over.</summary>
    TunnelClosed = 8,

    /// <summary>An offer was declined.</summary>
    TunnelRefused = 9,

    /// <summary>A device got its certificate.</summary>
    DeviceEnrolled = 10,

    /// <summary>An enrolment was refused.</summary>
    EnrolmentRefused = 11,

    /// <summary>The list of revoked certificates was read again.</summary>
    RevocationsLoaded = 12,

    /// <summary>Data goes over UDP, or over TCP, from now on.</summary>
    Path = 13,
}
