namespace OrleansUem.LoadTest.Throughput.Measuring;

/// <summary>What the UDP searches found so far: later ones begin there and need fewer probes.</summary>
internal sealed class UdpRates
{
    // A user-space tunnel reaches about that; the first search may have to go far from it, later ones not.
    private const double FirstStart = 40_000;
    private const double FirstFactor = 1.6;
    private const double LaterFactor = 1.2;

    private readonly Dictionary<(string System, int PacketBytes), double> _found = [];

    public RateSearch NewSearch(string system, int packetBytes) =>
        _found.TryGetValue((system, packetBytes), out var found) ? new RateSearch(found, LaterFactor) : new RateSearch(FirstStart, FirstFactor);

    public void Remember(string system, int packetBytes, double packetsPerSecond) => _found[(system, packetBytes)] = packetsPerSecond;
}
