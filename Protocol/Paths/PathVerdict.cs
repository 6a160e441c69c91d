using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Paths;

/// <summary>What a <see cref="PathValidator"/> made of a probe.</summary>
/// <param name="Drop">Unspecified: it was proven and the ack is written; else why it is dropped, without an answer.</param>
/// <param name="Entered">An address that is this path's from here on.</param>
/// <param name="Left">An address that is this path's no more.</param>
/// <param name="IsMoved">Whether the address that the edge sends to is another one now.</param>
public readonly record struct PathVerdict(
    DropReason Drop = DropReason.Unspecified, PathAddress? Entered = null, PathAddress? Left = null, bool IsMoved = false);
