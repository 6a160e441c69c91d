namespace OrleansUem.LoadTest.Net;

/// <summary>How one direction of an emulated link behaves. Applies to packets that enter after it is set.</summary>
public sealed record LinkConditions
{
    /// <summary>A perfect link.</summary>
    public static readonly LinkConditions Perfect = new();

    /// <summary>The longest delay: above it every transport has given up.</summary>
    public static readonly TimeSpan DelayMax = TimeSpan.FromSeconds(60);

    /// <summary>One-way delay, 0 to 60 s. Packets never overtake each other, also when the delay shrinks.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Probability that a packet is lost, 0 to 1, independent of all others. 1 is a cut link.</summary>
    public double LossProbability { get; init; }

    /// <summary>Bits per second, IP headers included; 0 is unlimited.</summary>
    public long BitsPerSecond { get; init; }

    /// <summary>Bytes that may wait for a limited link before packets are dropped; without a limit nothing waits. Default 256 KiB.</summary>
    public int QueueBytesMax { get; init; } = 256 * 1024;

    /// <summary>Throws when a value is out of its range, naming option, value and bound.</summary>
    /// <exception cref="ArgumentException">The message names the option.</exception>
    public void Validate()
    {
        if (Delay < TimeSpan.Zero || Delay > DelayMax)
        {
            throw new ArgumentException($"Delay {Delay} is out of range: 0 to {DelayMax}.");
        }

        if (LossProbability is not (>= 0 and <= 1))
        {
            throw new ArgumentException($"LossProbability {LossProbability} is out of range: 0 to 1.");
        }

        if (BitsPerSecond < 0)
        {
            throw new ArgumentException($"BitsPerSecond {BitsPerSecond} is out of range: 0 (unlimited) or more.");
        }

        if (QueueBytesMax < 1)
        {
            throw new ArgumentException($"QueueBytesMax {QueueBytesMax} is out of range: 1 or more.");
        }
    }
}
