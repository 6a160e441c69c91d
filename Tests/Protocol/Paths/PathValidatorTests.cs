using OrleansUem.Protocol.Paths;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Protocol.Paths;

public sealed class PathValidatorTests
{
    private static readonly PathAddress Other = new(0xFFFF_C000_0202, 50_000);
    private static readonly PathAddress Third = new(0xFFFF_C000_0203, 60_000);

    [Fact]
    public void OnProbe_FromANewAddress_SendsNothingThereBeforeTheTokenCameBack()
    {
        var pair = new PathPair();
        var verdict = pair.Offer(pair.Probe(1, 0), PathPair.Home, out var ack);
        Assert.Equal(new PathVerdict(Entered: PathPair.Home), verdict);
        Assert.Equal((PathDatagramType.Ack, PathPair.ProbeBytes, 1UL), (ack.Type, ack.Bytes, ack.Counter));
        Assert.Null(pair.Validator.Proven);

        // Without the token it stays a candidate, however often it comes.
        Assert.Equal(default, pair.Offer(pair.Probe(2, ack.Token + 1), PathPair.Home, out var again));
        Assert.Equal(ack.Token, again.Token);
        Assert.Null(pair.Validator.Proven);

        Assert.Equal(new PathVerdict(IsMoved: true), pair.Offer(pair.Probe(3, ack.Token), PathPair.Home, out _));
        Assert.Equal(PathPair.Home, pair.Validator.Proven);
    }

    [Fact]
    public void OnProbe_WithTheTokenOfAnotherAddress_MovesNothing()
    {
        var pair = Proven();
        pair.Offer(pair.Probe(10, 0), Other, out var ack);
        Assert.Equal(new PathVerdict(Entered: Third, Left: Other), pair.Offer(pair.Probe(11, ack.Token), Third, out _));
        Assert.Equal(PathPair.Home, pair.Validator.Proven);
    }

    [Fact]
    public void OnProbe_FromAnotherProvenAddress_MovesThePath()
    {
        var pair = Proven();
        Assert.Equal(new PathVerdict(Entered: Other), pair.Offer(pair.Probe(10, 0), Other, out var ack));
        Assert.Equal(PathPair.Home, pair.Validator.Proven);
        Assert.Equal(new PathVerdict(Left: PathPair.Home, IsMoved: true), pair.Offer(pair.Probe(11, ack.Token), Other, out _));
        Assert.Equal((Other, null), (pair.Validator.Proven, pair.Validator.Candidate));

        // And back again: the old token is worth nothing.
        Assert.Equal(new PathVerdict(Entered: PathPair.Home), pair.Offer(pair.Probe(12, 101), PathPair.Home, out _));
    }

    [Fact]
    public void OnProbe_Replayed_IsDroppedAndMovesNothing()
    {
        var pair = Proven();
        var probe = pair.Probe(10, 101);
        pair.Offer(probe, PathPair.Home, out _);
        Assert.Equal(DropReason.ReplayedProbe, pair.Offer(probe, Other, out _).Drop);
        Assert.Equal(DropReason.ReplayedProbe, pair.Offer(pair.Probe(9, 101), Other, out _).Drop);
        Assert.Equal((PathPair.Home, null), (pair.Validator.Proven, pair.Validator.Candidate));
    }

    [Fact]
    public void OnProbe_ForgedOrOfAnotherPathOrAnAck_IsDroppedByName()
    {
        var pair = Proven();
        var forged = pair.Probe(50, 101);
        forged[40] ^= 1;
        Assert.Equal(DropReason.ForgedProbe, pair.Offer(forged, Other, out _).Drop);
        Assert.Equal(DropReason.UnknownPath, pair.Offer(pair.Probe(51, 0, pathId: 1), Other, out _).Drop);
        var ack = new byte[PathPair.ProbeBytes];
        new PathDatagram(PathDatagramType.Ack, ack.Length, PathPair.PathId, 52, 0).Write(ack, new PathKeys(new byte[PathKeys.SecretBytes]).Ack);
        Assert.Equal(DropReason.MalformedDatagram, pair.Offer(ack, Other, out _).Drop);
        Assert.Equal(DropReason.MalformedDatagram, pair.Offer([0x20, 0, 0, 0], Other, out _).Drop);

        // A forged counter has not used up the true ones.
        Assert.Equal(default, pair.Offer(pair.Probe(4, 0), PathPair.Home, out _));
    }

    [Fact]
    public void OnLeft_ProbesUnderWay_DoNotReviveThePath()
    {
        var pair = Proven();
        pair.Validator.OnLeft(20);
        Assert.Equal((null, null, 0), (pair.Validator.Proven, pair.Validator.Candidate, pair.Validator.DatagramBytes));
        Assert.Equal(DropReason.ReplayedProbe, pair.Offer(pair.Probe(20, 101), PathPair.Home, out _).Drop);
        Assert.Equal(new PathVerdict(Entered: PathPair.Home), pair.Offer(pair.Probe(21, 101), PathPair.Home, out _));
        pair.Validator.OnLeft(3);
        Assert.Equal(DropReason.ReplayedProbe, pair.Offer(pair.Probe(21, 101), PathPair.Home, out _).Drop);
    }

    [Fact]
    public void OnTime_NothingProvesThePath_GivesItUp()
    {
        var pair = Proven();
        Assert.False(pair.Validator.OnTime(PathLimits.FreshFor - TimeSpan.FromTicks(1)));
        Assert.Equal(PathPair.Home, pair.Validator.Proven);
        Assert.True(pair.Validator.OnTime(PathLimits.FreshFor));
        Assert.Null(pair.Validator.Proven);
        Assert.False(pair.Validator.OnTime(2 * PathLimits.FreshFor));
    }

    [Fact]
    public void OnProbe_Ack_HasTheSizeOfItsProbeAndProvesIt()
    {
        var pair = Proven();
        var small = new byte[PathLimits.DatagramBytesMin];
        new PathDatagram(PathDatagramType.Probe, small.Length, PathPair.PathId, 30, 0).Write(small, new PathKeys(new byte[PathKeys.SecretBytes]).Probe);
        pair.Offer(small, PathPair.Home, out var ack);
        Assert.Equal(small.Length, ack.Bytes);
        Assert.Equal(small.Length, pair.Validator.DatagramBytes);
    }

    private static PathPair Proven()
    {
        var pair = new PathPair();
        pair.Offer(pair.Probe(1, 0), PathPair.Home, out var ack);
        pair.Offer(pair.Probe(2, ack.Token), PathPair.Home, out _);
        Assert.Equal(PathPair.Home, pair.Validator.Proven);
        return pair;
    }
}
