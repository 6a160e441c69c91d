namespace OrleansUem.Protocol.Wire;

/// <summary>
/// A tunnel's number inside one session, as it stands in the frame header: the index of a slot in the session's channel table (low 20 bits) and
/// the slot's generation (high 12 bits). The edge allocates it. A frame that was under way when its tunnel ended carries the old
/// generation and is dropped by name instead of reaching the slot's next tunnel. Channel 0 as a whole is the session itself; slot 0 is never
/// allocated.
/// </summary>
/// <param name="Value">The 32 bits of the header.</param>
public readonly record struct Channel(uint Value)
{
    /// <summary>Bits of the slot index: 2^20 tunnels in one session, far above what a node carries.</summary>
    public const int IndexBits = 20;

    /// <summary>The largest slot index.</summary>
    public const int MaxIndex = (1 << IndexBits) - 1;

    /// <summary>The largest generation; the next one is 0 again. 4,096 re-uses of a slot within the life of a frame in flight do not happen.</summary>
    public const int MaxGeneration = (1 << (32 - IndexBits)) - 1;

    /// <summary>The session itself: attach, keep-alive, close.</summary>
    public static readonly Channel Session;

    /// <summary>Puts a channel together.</summary>
    /// <param name="index">1..<see cref="MaxIndex"/>.</param>
    /// <param name="generation">0..<see cref="MaxGeneration"/>.</param>
    /// <returns>The channel.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A part is out of its range.</exception>
    public static Channel Create(int index, int generation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(index, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, MaxIndex);
        ArgumentOutOfRangeException.ThrowIfNegative(generation);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(generation, MaxGeneration);
        return new Channel(((uint)generation << IndexBits) | (uint)index);
    }

    /// <summary>The slot, 0..<see cref="MaxIndex"/>.</summary>
    public int Index => (int)(Value & MaxIndex);

    /// <summary>How often the slot was given out before, modulo 4,096.</summary>
    public int Generation => (int)(Value >> IndexBits);

    /// <summary>Whether this is the session itself.</summary>
    public bool IsSession => Value == 0;

    /// <inheritdoc/>
    public override string ToString() => $"{Index}.{Generation}";
}
