namespace OrleansUem.LoadTest.Throughput.Measuring;

/// <summary>A UDP measurement at a given rate.</summary>
/// <param name="SentPerSecond">Packets that the sender managed.</param>
/// <param name="LossShare">Of them lost, 0..1.</param>
internal readonly record struct UdpProbe(double SentPerSecond, double LossShare)
{
    public double ReceivedPerSecond => SentPerSecond * (1 - LossShare);
}
