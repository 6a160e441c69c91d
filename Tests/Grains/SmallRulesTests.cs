using System.Text;
using OrleansUem.Grains;
using OrleansUem.Grains.Cuts;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Grains.Invitations;
using OrleansUem.Grains.Nodes;
using OrleansUem.Grains.Tenants;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Grains;

/// <summary>Keys, options, node tables, the ledger's pages and invitations.</summary>
public sealed class SmallRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 9, 0, 0, TimeSpan.Zero);
    private static readonly string Tenant = new('0', 64);

    [Theory]
    [InlineData("/phone/1", true)]
    [InlineData("/phone/9223372036854775807", true)]
    [InlineData("/phone/9223372036854775808", false)]
    [InlineData("/phone/0", false)]
    [InlineData("/phone/01", false)]
    [InlineData("/phone/+1", false)]
    [InlineData("/Phone/1", false)]
    [InlineData("/phone/1/2", false)]
    [InlineData("/phone/", false)]
    [InlineData("", false)]
    public void TryParseLease_AnyText_TakesOnlyTheOneForm(string rest, bool expected)
    {
        Assert.Equal(expected, GrainKeys.TryParseLease(Tenant + rest, out var key, out var id));
        Assert.True(!expected || GrainKeys.Lease(key!, id) == Tenant + rest);
    }

    [Fact]
    public void Validate_Defaults_AreFine() => Assert.Empty(GrainOptionsValidator.Validate(new GrainOptions()));

    [Theory]
    [InlineData(9)]
    [InlineData(301)]
    public void Validate_LeaseLifetimeOutOfRange_NamesOptionValueAndBound(int seconds)
    {
        var fault = Assert.Single(GrainOptionsValidator.Validate(new GrainOptions { LeaseLifetime = TimeSpan.FromSeconds(seconds) }));
        Assert.Contains("LeaseLifetime", fault, StringComparison.Ordinal);
        Assert.Contains($"{seconds} s", fault, StringComparison.Ordinal);
        Assert.Contains("10..300", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void NodeTunnels_AtItsLimit_TakesReplacementsAndRecallsOnly()
    {
        var tunnels = new NodeTunnels(1);
        Assert.True(tunnels.TryAdmit("a", 1, false));
        Assert.False(tunnels.TryAdmit("b", 1, false));
        Assert.True(tunnels.TryAdmit("a", 2, false));
        Assert.False(tunnels.TryAdmit("a", 1, false));
        Assert.True(tunnels.TryAdmit("c", 1, true));
        Assert.False(tunnels.Release("a", 1));
        Assert.True(tunnels.Release("a", 2));
        Assert.Equal(["c"], tunnels.TakeAll());
    }

    [Fact]
    public void NodeTable_Pick_TakesTheLeastLoadedAndSpreadsABurst()
    {
        var table = new NodeTable();
        table.Attach("a", Session(1));
        table.Attach("b", Session(1));
        table.SetLoad("a", 5);
        table.SetLoad("b", 4);
        Assert.Equal<string?[]>(["b", "a", "b"], [table.Pick(new NodeChoice()), table.Pick(new NodeChoice()), table.Pick(new NodeChoice())]);
        Assert.Equal("a", table.Pick(new NodeChoice { NodeId = "a" }));
        Assert.Null(table.Pick(new NodeChoice { NodeId = "c" }));
        Assert.Null(table.Pick(new NodeChoice { NodeId = "a", Except = ["a"] }));
    }

    [Fact]
    public void NodeTable_NewsOfAnOlderSession_ChangesNothing()
    {
        var table = new NodeTable();
        table.Attach("a", Session(2));
        table.Lose("a", Session(1));
        Assert.Equal("a", Assert.Single(table.Attached));
        table.Lose("a", Session(2));
        table.Attach("a", Session(2));
        Assert.Empty(table.Attached);
    }

    [Fact]
    public void CutLedger_Grown_KeepsAtLeastTenThousandAndDropsWholePages()
    {
        var state = new CutLedgerState();
        var dropped = new List<ulong>();
        for (var i = 0; i < 10_500; i++)
        {
            (state, var page) = CutLedgerRules.Append(state);
            dropped.AddRange(page is { } number ? [number] : Array.Empty<ulong>());
            var kept = state.Newest + 1 - CutLedgerRules.FirstOf(state.FirstPage);
            Assert.True(kept >= Math.Min(state.Newest, CutLedgerRules.MaxEntries), $"{kept} kept at {state.Newest}");
        }

        Assert.Equal([0UL, 1, 2], dropped);
        Assert.True(CutLedgerRules.NeedsResync(state, 383));
        Assert.False(CutLedgerRules.NeedsResync(state, 384));
        Assert.False(CutLedgerRules.NeedsResync(state, 10_500));
        Assert.True(CutLedgerRules.NeedsResync(state, 10_501));
    }

    [Fact]
    public void Invitation_UsedOnce_AnswersTheSameRequestAgain()
    {
        var (state, secret) = Invited();
        var claim = Claim(secret, "root");
        (var reserved, state) = InvitationRules.Reserve(state, claim, Now);
        Assert.True(reserved is { Reason: Reason.None, IsReplay: false });
        var commit = new InvitationCommit { Mac = claim.Mac, AnswerParts = [Bytes("tag")], Answer = Bytes("tag") };
        (var committed, state) = InvitationRules.Commit(state, commit);
        var expected = EnrolmentSecret.AnswerMac(secret, EnrolmentSecret.Invitation, claim.Mac.ToArray(), "tag"u8.ToArray());
        Assert.Equal(expected, committed.AnswerMac.ToArray());
        Assert.True(state.Secret.IsEmpty);

        var replay = InvitationRules.Reserve(state, claim, Now + TimeSpan.FromDays(9)).Answer;
        Assert.True(replay.IsReplay);
        Assert.Equal(expected, replay.AnswerMac.ToArray());
        Assert.Equal(Reason.UnknownInvitation, InvitationRules.Reserve(state, Claim(secret, "other"), Now).Answer.Reason);
        var second = InvitationRules.Commit(state, commit with { Answer = Bytes("else") }).Answer;
        Assert.Equal("tag", Encoding.ASCII.GetString(second.Answer.Span));
    }

    [Fact]
    public void Invitation_FiveWrongAttempts_IsVoidForTheRightOne()
    {
        var (state, secret) = Invited();
        for (var i = 0; i < InvitationRules.MaxWrongAttempts; i++)
        {
            (var answer, state) = InvitationRules.Reserve(state, Claim(EnrolmentSecret.NewRandom(), "root"), Now);
            Assert.Equal(Reason.UnknownInvitation, answer.Reason);
        }

        Assert.Equal(Reason.TooManyAttempts, InvitationRules.Reserve(state, Claim(secret, "root"), Now).Answer.Reason);
    }

    [Fact]
    public void Invitation_ExpiredOrOfAnotherKind_IsRefused()
    {
        var (state, secret) = Invited();
        var claim = Claim(secret, "root");
        Assert.Equal(Reason.InvitationExpired, InvitationRules.Reserve(state, claim, Now + TimeSpan.FromHours(1)).Answer.Reason);
        Assert.Equal(Reason.UnknownInvitation, InvitationRules.Reserve(state, claim with { Kind = InvitationKind.Edge }, Now).Answer.Reason);
        Assert.Equal(Reason.UnknownInvitation, InvitationRules.Reserve(new InvitationState(), claim, Now).Answer.Reason);
        var unreserved = new InvitationCommit { Mac = claim.Mac, AnswerParts = [], Answer = default };
        Assert.Equal(Reason.UnknownInvitation, InvitationRules.Commit(state, unreserved).Answer.Reason);
    }

    private static (InvitationState State, byte[] Secret) Invited()
    {
        var secret = EnrolmentSecret.NewRandom();
        var spec = new InvitationSpec
        {
            Kind = InvitationKind.Tenant,
            Secret = secret,
            ExpiresUnixMs = (Now + TimeSpan.FromHours(1)).ToUnixTimeMilliseconds(),
        };
        return (InvitationRules.Create(new InvitationState(), spec).Next, secret);
    }

    private static InvitationClaim Claim(byte[] secret, string root)
    {
        byte[][] parts = [[1], [2], Encoding.ASCII.GetBytes(root)];
        return new InvitationClaim
        {
            Kind = InvitationKind.Tenant,
            Parts = [.. parts.Select(part => (ReadOnlyMemory<byte>)part)],
            Mac = EnrolmentSecret.RequestMac(secret, EnrolmentSecret.Invitation, parts),
        };
    }

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.ASCII.GetBytes(text);

    private static SessionKey Session(ulong generation) => new() { EdgeId = "edge-1", SessionId = generation, Generation = generation };
}
