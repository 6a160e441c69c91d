namespace OrleansUem.Node;

/// <summary>By what a node reaches the organisation's network.</summary>
public enum NodeEgressKind
{
    /// <summary><see cref="Tun"/> where this process may make one, <see cref="User"/> otherwise.</summary>
    Auto = 0,

    /// <summary>A TUN, and routing or address translation by the kernel: needs CAP_NET_ADMIN and /dev/net/tun.</summary>
    Tun = 1,

    /// <summary>Sockets of this process, by libslirp: needs no rights and always translates addresses.</summary>
    User = 2,
}
