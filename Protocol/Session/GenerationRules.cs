namespace OrleansUem.Protocol.Session;

/// <summary>
/// How a peer numbers its attaches. The grain accepts only a number above the last one, so that an old session can't come back to life after a
/// newer one. The first is the Unix time in milliseconds, so that a peer that lost its state starts above all it used before; then
/// one above the last.
/// </summary>
public static class GenerationRules
{
    /// <summary>
    /// How far above the peer's own next generation an edge may lift it by StaleGeneration. 2^42 ms are 139 years: no honest last generation is
    /// that far ahead, and a hostile edge would need two million lies to use up the 63 bits.
    /// </summary>
    public const ulong MaxLeap = 1UL << 42;

    /// <summary>The generation of the next attach.</summary>
    /// <param name="last">The last one used or reserved; 0 when none is known.</param>
    /// <param name="now">The peer's clock.</param>
    /// <returns>Above <paramref name="last"/>, at least 1.</returns>
    public static ulong Next(ulong last, DateTimeOffset now) =>
        last == 0 ? (ulong)Math.Max(1, now.ToUnixTimeMilliseconds()) : last + 1;

    /// <summary>Judges the last generation that came with StaleGeneration.</summary>
    /// <param name="last">The last one this peer used.</param>
    /// <param name="told">The last one that the grain accepted, as the edge says.</param>
    /// <param name="now">The peer's clock.</param>
    /// <returns>What to count on from: the greater of the two, or <paramref name="last"/> when <paramref name="told"/> leaps too far.</returns>
    public static ulong Raise(ulong last, ulong told, DateTimeOffset now)
    {
        var own = Math.Max(last, (ulong)Math.Max(1, now.ToUnixTimeMilliseconds()));
        return told > last && told < long.MaxValue && told - Math.Min(told, own) <= MaxLeap ? told : last;
    }
}
