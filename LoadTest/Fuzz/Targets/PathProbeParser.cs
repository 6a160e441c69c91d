using OrleansUem.Protocol.Paths;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>
/// A datagram at an edge's UDP port: first as anybody may send it, then with its MAC made well, as the peer itself may, from two addresses. An answer is never longer than the question, counters only
/// rise, and an address is proven only by what was sent to it.
/// </summary>
internal sealed class PathProbeParser : FuzzParser
{
    private const ulong PathId = 0x0102_0304_0506_0708;
    private static readonly PathKeys Keys = new([.. Enumerable.Range(0, PathKeys.SecretBytes).Select(i => (byte)i)]);

    private readonly byte[] _ack = new byte[PathLimits.DatagramBytesMax];

    public override IReadOnlyList<byte[]> Seeds
    {
        get
        {
            var probe = new byte[PathLimits.DatagramBytesMin];
            new PathDatagram(PathDatagramType.Probe, probe.Length, PathId, 5, 1).Write(probe, Keys.Probe);
            return [probe];
        }
    }

    public override bool Take(ReadOnlySpan<byte> input)
    {
        if (DatagramFrame.TryRead(input, out var channel))
        {
            Require(!channel.IsSession && !PathDatagram.IsPathDatagram(input[0]), "A datagram is a frame and a probe.");
        }

        var isTaken = Offer(new PathValidator(PathId, Keys, () => 1), input, default, out var ack);
        var isProbe = PathDatagram.TryRead(input, out var probe);
        Require(!isTaken || (isProbe && probe.PathId == PathId && PathDatagram.IsAuthentic(input, Keys.Probe)), "A probe without its MAC was taken.");
        return isProbe ? TakeSigned(probe) : isTaken && ack > 0;
    }

    private bool TakeSigned(in PathDatagram probe)
    {
        var tokens = 100UL;
        var validator = new PathValidator(PathId, Keys, () => ++tokens);
        var here = new PathAddress(1, 2, 3);
        var there = new PathAddress(4, 5, 6);
        var bytes = new byte[probe.Bytes];
        probe.Write(bytes, Keys.Probe);
        if (!Offer(validator, bytes, here, out _))
        {
            return false;
        }

        Require(validator.Proven is null && validator.Candidate == here, "An address is proven by its first probe.");
        Require(!Offer(validator, bytes, there, out _) && validator.Candidate == here, "A replayed probe moved the path.");
        if (probe.Counter == ulong.MaxValue)
        {
            return true;
        }

        (probe with { Counter = probe.Counter + 1, Token = tokens }).Write(bytes, Keys.Probe);
        Require(Offer(validator, bytes, there, out _) && validator.Proven is null, "Another address was proven by a token that was not sent there.");
        return true;
    }

    private bool Offer(PathValidator validator, ReadOnlySpan<byte> datagram, PathAddress from, out int ackBytes)
    {
        _ack.AsSpan().Fill(0xEE);
        var verdict = validator.OnProbe(datagram, from, TimeSpan.Zero, _ack);
        ackBytes = _ack.AsSpan().LastIndexOfAnyExcept((byte)0xEE) + 1;
        Require(ackBytes <= datagram.Length, "The edge answers with more than it was asked with.");
        Require((verdict.Drop == DropReason.Unspecified) == (ackBytes > 0), "A datagram that was dropped is answered.");
        return verdict.Drop == DropReason.Unspecified;
    }
}
