using OrleansUem.Protocol.Paths;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Protocol.Paths;

public sealed class PathPairPropertyTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    // Whatever loss, latency, address changes and traffic there were: once the network is good again, both ends agree on the path within the longest wait.
    [Fact]
    public void Pair_AfterAnyNetworkBecameGood_BothUseThePath()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var pair = new PathPair(random.NextDouble);
            for (var step = 0; step < 20; step++)
            {
                var loss = random.NextDouble() * random.NextDouble();
                pair.IsLost = _ => random.NextDouble() < loss;
                pair.Latency = TimeSpan.FromMilliseconds(random.Next(1, 900));
                pair.IsSending = random.Next(2) == 0;
                pair.IsHearing = random.Next(2) == 0;
                pair.Address = PathPair.Home with { Port = (ushort)random.Next(1, 4) };
                pair.RunUntil(pair.Now + (random.NextDouble() * 30 * Second));
                if (pair.Validator.Proven is not null)
                {
                    Assert.True(pair.Validator.DatagramBytes == PathPair.ProbeBytes, $"seed {seed}");
                }
            }

            pair.IsLost = _ => false;
            pair.Latency = TimeSpan.FromMilliseconds(20);
            pair.RunUntil(pair.Now + (1.25 * PathLimits.RetryMax) + PathLimits.KeepAlive + (4 * Second));
            Assert.True(pair.Machine.State == PathState.Up, $"seed {seed}: {pair.Machine.State}");
            Assert.True(pair.Validator.Proven == pair.Address, $"seed {seed}: {pair.Validator.Proven}");
            Assert.True(pair.Changes.Zip(pair.Changes.Skip(1)).All(two => two.First.Change != two.Second.Change), $"seed {seed}");
        }
    }

    // 20 % loss each way, which no inner TCP would like either: the path is used most of the time and never probed like a flood.
    [Fact]
    public void Pair_UnderHeavyLoss_StaysBounded()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            var pair = new PathPair(random.NextDouble) { IsLost = _ => random.NextDouble() < 0.2, IsSending = true, IsHearing = true };
            pair.RunUntil(600 * Second);
            Assert.True(pair.Probes.Count < 600 / PathLimits.ProbeTimeout.TotalSeconds, $"seed {seed}: {pair.Probes.Count} probes");
            Assert.True(pair.Verdicts.All(v => v.Drop is DropReason.Unspecified or DropReason.ReplayedProbe), $"seed {seed}");
        }
    }

    [Fact]
    public void Validator_AnyBytes_AreDroppedByNameAndMoveNothing()
    {
        for (var seed = 0; seed < 5_000; seed++)
        {
            var random = new Random(seed);
            var pair = new PathPair();
            var bytes = pair.Probe((ulong)random.Next(), (ulong)random.Next());
            var length = random.Next(3) == 0 ? random.Next(bytes.Length) : bytes.Length;
            for (var i = random.Next(1, 4); i > 0; i--)
            {
                bytes[random.Next(Math.Min(length + 1, PathDatagram.HeaderBytes))] ^= (byte)random.Next(1, 256);
            }

            var verdict = pair.Offer(bytes[..length], PathPair.Home, out _);
            Assert.True(
                verdict.Drop is DropReason.MalformedDatagram or DropReason.UnknownPath or DropReason.ForgedProbe or DropReason.ReplayedProbe
                || bytes.AsSpan().SequenceEqual(pair.Probe(PathDatagram.TryRead(bytes, out var read) ? read.Counter : 0, read.Token)),
                $"seed {seed}: {verdict}");
        }
    }
}
