using OrleansUem.Protocol.Paths;

namespace OrleansUem.Transport.Datagrams;

/// <summary>What one receive call brought: datagrams of one sender, back to back, all of one size but the last, which may be shorter.</summary>
public record struct ReceivedDatagrams
{
    /// <summary>All of them; 0 for one empty datagram.</summary>
    public int Bytes { get; internal set; }

    /// <summary>Size of each but the last.</summary>
    public int SegmentBytes { get; internal set; }

    /// <summary>The sender.</summary>
    public PathAddress From { get; internal set; }

    /// <summary>The own address that they were sent to, without the port; default unless the socket is bound to any address.</summary>
    public PathAddress To { get; internal set; }

    /// <summary>Datagrams that this socket has lost for want of room since it was opened, modulo 2^32, as the kernel says; 0 before the first.</summary>
    public uint DropsSoFar { get; internal set; }

    /// <summary>How many there are.</summary>
    public readonly int Count => SegmentBytes == 0 ? 1 : (Bytes + SegmentBytes - 1) / SegmentBytes;
}
