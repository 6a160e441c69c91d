namespace OrleansUem.Device.Names;

/// <summary>What may be done to the machine's name resolution.</summary>
public enum NameMode
{
    /// <summary>systemd-resolved where the machine asks it, a stub of ours otherwise; what is not possible is reported and left alone.</summary>
    Auto = 0,

    /// <summary>Nothing.</summary>
    Off = 1,

    /// <summary>systemd-resolved.</summary>
    Resolved = 2,

    /// <summary>A stub on a loopback address, and /etc/resolv.conf that names it.</summary>
    Stub = 3,
}
