using OrleansUem.Protocol.Packets;

namespace OrleansUem.Agent.Tun;

/// <summary>
/// A layer 3 network device whose other end is this process: what the kernel routes into it is read here, what is written
/// here arrives in the kernel as if received. One packet per call, or a super-packet where both sides know how
/// (<see cref="Offloads"/>): then one call carries up to 64 KB of one flow.
/// <para>
/// One thread reads: it drains with <see cref="TryRead"/> until that is false, hands the batch on, then blocks in
/// <see cref="WaitReadable"/>. Any thread may write, stop and dispose at any time.
/// </para>
/// </summary>
public interface ITunDevice : IDisposable
{
    /// <summary>The interface's name as the kernel knows it.</summary>
    string Name { get; }

    /// <summary>The largest packet the kernel sends through the device, in bytes with the IP header.</summary>
    int MtuBytes { get; }

    /// <summary>What the kernel granted of what was asked for.</summary>
    TunOffloads Offloads { get; }

    /// <summary>What the owner should say once: what was asked for and the kernel does not have. Empty: nothing.</summary>
    string OffloadNotice { get; }

    /// <summary>The buffer that a read needs: the MTU, or the length of the largest super-packet.</summary>
    int ReadBytesMax { get; }

    /// <summary>True once <see cref="Stop"/> or Dispose has been called.</summary>
    bool IsStopped { get; }

    /// <summary>What has passed and what was dropped since the device was opened; a snapshot, safe from any thread.</summary>
    TunCounters Counters { get; }

    /// <summary>
    /// Takes one packet if there is one; never blocks. With <see cref="Offloads"/> it goes through <see cref="PacketSegmenter"/> before anything else looks at it.
    /// </summary>
    /// <param name="packet">Receives the packet; <see cref="ReadBytesMax"/> bytes: the kernel cuts a longer one silently, which the IP length check then finds.</param>
    /// <param name="offload">What is still to be done to it; nothing without <see cref="Offloads"/>.</param>
    /// <param name="bytes">Bytes written to <paramref name="packet"/>; 0 when false.</param>
    /// <returns>False when nothing is queued or the device is stopped.</returns>
    bool TryRead(Span<byte> packet, out VirtioNetHeader offload, out int bytes);

    /// <summary>Blocks until a packet can be read. Spurious returns are possible: read with <see cref="TryRead"/>.</summary>
    /// <returns>False when the device is stopped: the reading loop ends.</returns>
    bool WaitReadable();

    /// <summary>
    /// Gives one whole packet to the kernel; never blocks. A refusal is a drop, as on any link, and is counted by its reason in
    /// <see cref="Counters"/>.
    /// </summary>
    /// <param name="packet">A whole IP packet; copied before the call returns.</param>
    /// <returns>False when the packet was dropped.</returns>
    bool TryWrite(ReadOnlySpan<byte> packet);

    /// <summary>As <see cref="TryWrite(ReadOnlySpan{byte})"/>, for what a coalescer made; a super-packet only within <see cref="Offloads"/>.</summary>
    /// <param name="packet">One packet or super-packet.</param>
    /// <returns>False when it was dropped.</returns>
    bool TryWrite(in CoalescedPacket packet);

    /// <summary>Ends every blocked and later read; writes are dropped. Idempotent.</summary>
    void Stop();
}
