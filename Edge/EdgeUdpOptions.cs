namespace OrleansUem.Edge;

/// <summary>Settings of the edge's UDP listeners, one beside each TCP listener. Restart needed.</summary>
public sealed record EdgeUdpOptions
{
    /// <summary>Whether there are any. Default true; false: all data goes over TCP.</summary>
    public bool IsOffered { get; init; } = true;

    /// <summary>The port for devices, 1..65535. Default null: that of the TCP listener.</summary>
    public int? DevicePort { get; init; }

    /// <summary>The port for nodes, 1..65535. Default null: that of the TCP listener.</summary>
    public int? NodePort { get; init; }

    /// <summary>Threads that receive and forward, 1..64; each has a socket of every listener. Default: one for each core.</summary>
    public int Threads { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 64);

    /// <summary>
    /// What the kernel may hold of received datagrams for each socket, 64 KiB..64 MiB. Default 2 MiB: see <see cref="Transport.Datagrams.UdpSocketOptions.ReceiveBufferBytes"/>. More than
    /// net.core.rmem_max takes CAP_NET_ADMIN; without it the kernel's bound holds.
    /// </summary>
    public int ReceiveBufferBytes { get; init; } = 2 * 1024 * 1024;

    /// <summary>The same for datagrams to be sent. Default 1 MiB.</summary>
    public int SendBufferBytes { get; init; } = 1024 * 1024;
}
