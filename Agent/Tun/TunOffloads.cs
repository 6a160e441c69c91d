namespace OrleansUem.Agent.Tun;

/// <summary>What a TUN device leaves to this process, so that one call carries many packets (TUNSETOFFLOAD, linux/if_tun.h).</summary>
[Flags]
public enum TunOffloads
{
    /// <summary>Whole packets only, one a call.</summary>
    None = 0,

    /// <summary>Packets may lack their transport checksum.</summary>
    Checksum = 1,

    /// <summary>TCP super-packets over IPv4, both ways.</summary>
    Tcp4 = 2,

    /// <summary>UDP super-packets, both ways; the kernel's since Linux 6.2. Over IPv6 too: the kernel offers the two together.</summary>
    Udp = 4,

    /// <summary>Everything that this program can use.</summary>
    All = Checksum | Tcp4 | Udp,
}
