namespace OrleansUem.Tests.Dtls.Interop;

/// <summary>What a <see cref="FaultyRelay"/> does to a datagram, each with a probability of 0 to 1.</summary>
/// <param name="Loss">It is gone.</param>
/// <param name="Duplication">It comes twice.</param>
/// <param name="Reordering">It is held until the next one has passed.</param>
internal sealed record DatagramFaults(double Loss, double Duplication, double Reordering)
{
    public static readonly DatagramFaults None = new(0, 0, 0);
}
