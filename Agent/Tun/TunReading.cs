namespace OrleansUem.Agent.Tun;

/// <summary>Reads of a device without offloads, where every packet is whole.</summary>
public static class TunReading
{
    /// <summary>As <see cref="ITunDevice.TryRead"/>.</summary>
    /// <param name="tun">A device whose <see cref="ITunDevice.Offloads"/> are none.</param>
    /// <param name="packet">Receives the packet.</param>
    /// <param name="bytes">Its length; 0 when false.</param>
    public static bool TryRead(this ITunDevice tun, Span<byte> packet, out int bytes) => RequireWhole(tun).TryRead(packet, out _, out bytes);

    /// <summary>Blocks for one packet.</summary>
    /// <param name="tun">A device whose <see cref="ITunDevice.Offloads"/> are none.</param>
    /// <param name="packet">Receives the packet.</param>
    /// <returns>The packet's bytes, or 0 when the device is stopped.</returns>
    public static int Read(this ITunDevice tun, Span<byte> packet)
    {
        int bytes;
        while (!tun.TryRead(packet, out bytes) && tun.WaitReadable())
        {
        }

        return bytes;
    }

    private static ITunDevice RequireWhole(ITunDevice tun) => tun.Offloads == TunOffloads.None
        ? tun
        : throw new InvalidOperationException($"TUN {tun.Name} hands over packets that are not finished: they have to be segmented.");
}
