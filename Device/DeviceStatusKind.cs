namespace OrleansUem.Device;

/// <summary>The steps that a person wants to see.</summary>
public enum DeviceStatusKind
{
    /// <summary>Not stated.</summary>
    Unspecified = 0,

    /// <summary>An edge's address is being dialled.</summary>
    Connecting = 1,

    /// <summary>The edge accepted this device's claim.</summary>
    Attached = 2,

    /// <summary>The edge drains; the device will move.</summary>
    GoingAway = 3,

    /// <summary>The session ended; the next attempt follows.</summary>
    Detached = 4,

    /// <summary>The tunnel is asked for.</summary>
    Opening = 5,

    /// <summary>The relay joined this device and a node.</summary>
    TunnelOpen = 6,

    /// <summary>Device and node authenticated each other end to end.</summary>
    Secured = 7,

    /// <summary>Address, routes and DNS are set: packets pass.</summary>
    Up = 8,

    /// <summary>A route of the node was not set, and why.</summary>
    RouteSkipped = 9,

    /// <summary>The tunnel ended; it opens again by itself.</summary>
    TunnelClosed = 10,

    /// <summary>The tunnel was closed for want of traffic; the next packet opens it.</summary>
    Asleep = 11,

    /// <summary>The agent ended; interface and routes are gone.</summary>
    Stopped = 12,

    /// <summary>Data goes over UDP, or over TCP, from now on.</summary>
    Path = 13,

    /// <summary>A command is started in the apps' network; what follows on the terminal is its own.</summary>
    AppStarted = 14,

    /// <summary>How names are resolved from now on, or why they are resolved as before.</summary>
    Names = 15,

    /// <summary>An app of the named set was let into the tunnel.</summary>
    AppJoined = 16,

    /// <summary>An app of the named set has ended, with all that it had started.</summary>
    AppLeft = 17,
}
