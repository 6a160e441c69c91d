using OrleansUem.LoadTest.Net;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>A link that loses and delays packets in both directions, by a seed.</summary>
public sealed record LinkQuality(TimeSpan Delay, double LossProbability)
{
    /// <summary>What the main job has to stand: 1 % loss and 50 ms each way.</summary>
    public static readonly LinkQuality Poor = new(TimeSpan.FromMilliseconds(50), 0.01);

    private const int Seed = 20_261_121;

    internal LinkEmulator Connect(
        NetNamespace outer, string outerInterface, string outerAddress, NetNamespace relay, string relayInterface, string relayAddress) =>
        LinkEmulator.Start(
            End(outer, outerInterface, outerAddress),
            End(relay, relayInterface, relayAddress),
            new LinkConditions { Delay = Delay, LossProbability = LossProbability },
            Seed);

    private static LinkEnd End(NetNamespace where, string name, string address)
    {
        var parts = address.Split('/');
        return new LinkEnd(where.FilePath, name, Ipv4Address.Parse(parts[0]), int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture));
    }
}
