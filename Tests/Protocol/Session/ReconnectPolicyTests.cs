using OrleansUem.Protocol.Session;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Protocol.Session;

public sealed class ReconnectPolicyTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Decide_FailuresInARow_DoubleFromQuarterSecondToHalfAMinute()
    {
        var failures = 0;
        var delays = new List<double>();
        for (var i = 0; i < 10; i++)
        {
            var decision = ReconnectPolicy.Decide(failures, Lost(), TimeSpan.Zero, 1.0);
            Assert.False(decision.IsFatal);
            failures = decision.Failures;
            delays.Add(decision.Delay.TotalSeconds);
        }

        Assert.Equal([0.25, 0.5, 1, 2, 4, 8, 16, 30, 30, 30], delays);
    }

    [Theory]
    [InlineData(0.0, 0.125)]
    [InlineData(0.5, 0.1875)]
    [InlineData(1.0, 0.25)]
    [InlineData(-3.0, 0.125)]
    [InlineData(7.0, 0.25)]
    public void BackOff_Jitter_IsTheUpperHalf(double random, double seconds) =>
        Assert.Equal(seconds, ReconnectPolicy.BackOff(0, random).TotalSeconds, 6);

    [Fact]
    public void Decide_AfterAStableSession_StartsOver()
    {
        Assert.Equal(0.25, ReconnectPolicy.Decide(9, Lost(), ReconnectPolicy.StableAfter, 1).Delay.TotalSeconds);
        Assert.Equal(30, ReconnectPolicy.Decide(9, Lost(), ReconnectPolicy.StableAfter - TimeSpan.FromTicks(1), 1).Delay.TotalSeconds);
    }

    [Theory]
    [InlineData(5, 5)]
    [InlineData(0, 0.25)]
    [InlineData(86_400, 600)]
    public void Decide_RetryAfter_IsALowerBoundUpToItsLimit(double wishSeconds, double expected)
    {
        var end = new UplinkEnd(Reason.Overloaded, "", true) { RetryAfter = TimeSpan.FromSeconds(wishSeconds) };
        Assert.Equal(expected, ReconnectPolicy.Decide(0, end, TimeSpan.Zero, 1).Delay.TotalSeconds);
    }

    [Theory]
    [InlineData(Reason.CertificateExpired)]
    [InlineData(Reason.CertificateRevoked)]
    [InlineData(Reason.CertificateSuperseded)]
    [InlineData(Reason.CertificateUntrusted)]
    [InlineData(Reason.UnknownTenant)]
    [InlineData(Reason.UnsupportedVersion)]
    public void Decide_VerdictOfTheEdgeOnUs_IsFatal_ButOursOnAServerIsSlow(Reason reason)
    {
        Assert.True(ReconnectPolicy.Decide(0, new UplinkEnd(reason, "", true), TimeSpan.Zero, 1).IsFatal);

        var own = ReconnectPolicy.Decide(0, new UplinkEnd(reason, "", false), TimeSpan.Zero, 1);
        Assert.False(own.IsFatal);
        Assert.Equal(ReconnectPolicy.SlowRetry, own.Delay);
    }

    [Theory]
    [InlineData(Reason.ClockSkew, 60)]
    [InlineData(Reason.Replaced, 60)]
    [InlineData(Reason.NoSilo, 0.25)]
    [InlineData(Reason.Draining, 0.25)]
    [InlineData(Reason.KeepAliveTimeout, 0.25)]
    public void Decide_OtherReasons_RetrySlowOrByBackOff(Reason reason, double seconds) =>
        Assert.Equal(seconds, ReconnectPolicy.Decide(0, new UplinkEnd(reason, "", true), TimeSpan.Zero, 1).Delay.TotalSeconds);

    [Fact]
    public void Decide_StaleGeneration_OnceAtOnceThenBackOff()
    {
        var end = new UplinkEnd(Reason.StaleGeneration, "", true) { LastGeneration = 9 };
        var first = ReconnectPolicy.Decide(0, end, TimeSpan.Zero, 1);
        Assert.Equal(TimeSpan.Zero, first.Delay);
        Assert.True(ReconnectPolicy.Decide(first.Failures, end, TimeSpan.Zero, 1).Delay > TimeSpan.Zero);
    }

    [Fact]
    public void Next_WithoutState_IsTheTimeThenCountsByOne()
    {
        var first = GenerationRules.Next(0, Now);
        Assert.Equal((ulong)Now.ToUnixTimeMilliseconds(), first);
        Assert.Equal(first + 1, GenerationRules.Next(first, Now.AddYears(-5)));
        Assert.Equal(1UL, GenerationRules.Next(0, DateTimeOffset.UnixEpoch.AddDays(-1)));
    }

    [Fact]
    public void Raise_FollowsTheGrainButNotALeap()
    {
        var now = (ulong)Now.ToUnixTimeMilliseconds();
        Assert.Equal(now + 5, GenerationRules.Raise(now, now + 5, Now));
        Assert.Equal(now, GenerationRules.Raise(now, now - 5, Now));
        Assert.Equal(now + GenerationRules.MaxLeap, GenerationRules.Raise(now, now + GenerationRules.MaxLeap, Now));
        Assert.Equal(now, GenerationRules.Raise(now, now + GenerationRules.MaxLeap + 1, Now));
        Assert.Equal(now, GenerationRules.Raise(now, long.MaxValue, Now));
        Assert.Equal(now, GenerationRules.Raise(now, ulong.MaxValue, Now));
    }

    private static UplinkEnd Lost() => new(Reason.ConnectionLost, "", false);
}
