using System.Buffers.Binary;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.Agent.UserNat;

/// <summary>Makes the checksum that a super-packet was handed over without: the kernel's TUN does it for others, libslirp checks it.</summary>
internal static class PendingChecksum
{
    /// <summary>Makes it, if the header asks for it.</summary>
    /// <param name="packet">The packet; its checksum field holds the sum of the pseudo-header.</param>
    /// <param name="offload">From who made the packet: its places lie within it.</param>
    public static void Finish(Span<byte> packet, in VirtioNetHeader offload)
    {
        if (!offload.NeedsChecksum)
        {
            return;
        }

        var segment = packet[offload.ChecksumStart..];
        BinaryPrimitives.WriteUInt16BigEndian(segment[offload.ChecksumOffset..], InternetChecksum.Compute(segment));
    }
}
