namespace OrleansUem.Tests.Dtls;

/// <summary>A datagram link on virtual time with seeded loss, duplication, delay and, from random delays,
/// reordering.</summary>
internal sealed class SimulatedLink(int seed, double loss = 0, double duplication = 0, int minDelayMs = 10, int maxDelayMs = 10)
{
    private readonly Random _random = new(seed);
    private readonly PriorityQueue<(byte[] Datagram, bool ToServer, TimeSpan Arrival), (TimeSpan Arrival, long Order)> _air = new();
    private long _order;

    public int Seed => seed;

    public TimeSpan Now { get; private set; } = TimeSpan.FromHours(5);

    /// <summary>Everything that was sent, lost or not, with the time of sending.</summary>
    public List<(TimeSpan Sent, byte[] Datagram, bool ToServer)> Sent { get; } = [];

    /// <summary>Decides by hand; true loses the datagram.</summary>
    public Func<byte[], bool, bool>? Lose { get; set; }

    public TimeSpan? NextArrival => _air.TryPeek(out var next, out _) ? next.Arrival : null;

    public void Send(ReadOnlySpan<byte> datagram, bool toServer)
    {
        var copy = datagram.ToArray();
        Sent.Add((Now, copy, toServer));
        var copies = _random.NextDouble() < duplication ? 2 : 1;
        for (var i = 0; i < copies; i++)
        {
            var arrival = Now + TimeSpan.FromMilliseconds(_random.Next(minDelayMs, maxDelayMs + 1));
            if (_random.NextDouble() >= loss && Lose?.Invoke(copy, toServer) != true)
            {
                _air.Enqueue((copy, toServer, arrival), (arrival, _order++));
            }
        }
    }

    public (byte[] Datagram, bool ToServer) Take()
    {
        var (datagram, toServer, arrival) = _air.Dequeue();
        AdvanceTo(arrival);
        return (datagram, toServer);
    }

    public void AdvanceTo(TimeSpan time) => Now = time > Now ? time : Now;
}
