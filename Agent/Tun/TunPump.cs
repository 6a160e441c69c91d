using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Tun;

/// <summary>
/// Reads a TUN until it is stopped: drains it without blocking, lets the owner send what was gathered, and waits in the kernel. The calling thread is blocked
/// most of the time, so it belongs to no pool.
/// </summary>
public static class TunPump
{
    /// <summary>Runs on the calling thread; returns when the device is stopped.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    public static void Run(ITunDevice tun, ITunPackets packets)
    {
        ArgumentNullException.ThrowIfNull(tun);
        ArgumentNullException.ThrowIfNull(packets);

        // Pinned: the kernel writes to it without the collector in the way.
        byte[] buffer = GC.AllocateUninitializedArray<byte>(tun.ReadBytesMax, pinned: true);
        do
        {
            while (tun.TryRead(buffer, out VirtioNetHeader offload, out int bytes))
            {
                DropReason drop = PacketSegmenter.TryCreate(offload, buffer.AsSpan(0, bytes), out PacketSegmenter segmenter);
                if (drop == DropReason.Unspecified)
                {
                    packets.OnPackets(ref segmenter);
                }
                else
                {
                    packets.OnDropped(drop);
                }
            }

            packets.OnDrained();
        }
        while (tun.WaitReadable());
    }
}
