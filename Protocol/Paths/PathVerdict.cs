using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Paths;

/// <summary>What a <see cref="PathValidator"/> made of a probe.</summary>
/// <param name="Drop">Unspecified: it was proven and the ack is written; else why it is dropped, without an answer.</param>
/// <param name="Entered">The new candidate: frames from it are this path's, unless the address is another one's already.</param>
/// <param name="Left">An address that is this path's no more.</param>
/// <param name="IsMoved">Whether the candidate is proven: the address is this path's, whosever it was, and the edge sends there.</param>
public readonly record struct PathVerdict(
    DropReason Drop = DropReason.Unspecified, PathAddress? Entered = null, PathAddress? Left = null, bool IsMoved = false);
