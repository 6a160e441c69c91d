namespace OrleansUem.Agent.Tun;

/// <summary>Totals of one TUN device. "Read" is kernel to us, "written" is us to the kernel. A super-packet counts as one packet.</summary>
public readonly record struct TunCounters
{
    /// <summary>Packets taken from the kernel.</summary>
    public long PacketsRead { get; init; }

    /// <summary>Bytes of <see cref="PacketsRead"/>.</summary>
    public long BytesRead { get; init; }

    /// <summary>Those of <see cref="PacketsRead"/> that were super-packets.</summary>
    public long SuperPacketsRead { get; init; }

    /// <summary>Packets given to the kernel.</summary>
    public long PacketsWritten { get; init; }

    /// <summary>Bytes of <see cref="PacketsWritten"/>.</summary>
    public long BytesWritten { get; init; }

    /// <summary>Those of <see cref="PacketsWritten"/> that were super-packets.</summary>
    public long SuperPacketsWritten { get; init; }

    /// <summary>Writes dropped because the interface is down (EIO) or this device is stopped.</summary>
    public long WritesDroppedLinkDown { get; init; }

    /// <summary>Writes dropped because the packet is empty, larger than an IP packet can be, or not IP (EINVAL).</summary>
    public long WritesDroppedMalformed { get; init; }

    /// <summary>Writes dropped because the receiver's queue is full (EAGAIN, ENOBUFS, ENOMEM).</summary>
    public long WritesDroppedQueueFull { get; init; }
}
