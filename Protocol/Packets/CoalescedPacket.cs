namespace OrleansUem.Protocol.Packets;

/// <summary>What <see cref="PacketCoalescer"/> gives out: one packet as it came, or a super-packet, in pieces of one buffer.</summary>
public readonly ref struct CoalescedPacket
{
    internal CoalescedPacket(VirtioNetHeader offload, ReadOnlySpan<byte> buffer, ReadOnlySpan<BufferSlice> slices, int packets, int bytes)
    {
        Offload = offload;
        Buffer = buffer;
        Slices = slices;
        Packets = packets;
        Bytes = bytes;
    }

    /// <summary>What is to stand before it; asks for nothing when it is a single packet.</summary>
    public VirtioNetHeader Offload { get; }

    /// <summary>The buffer of the slices.</summary>
    public ReadOnlySpan<byte> Buffer { get; }

    /// <summary>The packet's bytes in order, at least one slice.</summary>
    public ReadOnlySpan<BufferSlice> Slices { get; }

    /// <summary>How many packets went in.</summary>
    public int Packets { get; }

    /// <summary>The bytes of those packets, their headers included.</summary>
    public int Bytes { get; }

    /// <summary>The packet's bytes in one piece; for tests and for devices in memory.</summary>
    public byte[] ToArray()
    {
        int total = 0;
        foreach (BufferSlice slice in Slices)
        {
            total += slice.Bytes;
        }

        byte[] bytes = new byte[total];
        Span<byte> rest = bytes;
        foreach (BufferSlice slice in Slices)
        {
            Buffer.Slice(slice.Offset, slice.Bytes).CopyTo(rest);
            rest = rest[slice.Bytes..];
        }

        return bytes;
    }
}
