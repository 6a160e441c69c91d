using OrleansUem.Grains.Interfaces;
using OrleansUem.Grains.Sessions;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Grains;

public sealed class AttachRulesTests
{
    private static readonly string Old = new('a', 64);
    private static readonly string New = new('b', 64);

    [Theory]
    [InlineData(6, 1, "new", 20, Reason.None)]
    [InlineData(5, 1, "old", 10, Reason.None)] // The accepted facts again.
    [InlineData(5, 2, "old", 10, Reason.StaleGeneration)] // The same claim with another session: a replay by an edge.
    [InlineData(4, 2, "old", 10, Reason.StaleGeneration)]
    [InlineData(0, 2, "old", 10, Reason.StaleGeneration)]
    [InlineData(6, 2, "new", 9, Reason.CertificateSuperseded)]
    [InlineData(6, 2, "new", 10, Reason.None)]
    [InlineData(5, 1, "new", 10, Reason.StaleGeneration)]
    public void Attach_AfterGenerationFive_Judges(ulong generation, ulong session, string certificate, long notBefore, Reason expected)
    {
        var state = Accepted(5);
        var decision = AttachRules.Attach(state, Facts(generation, session, certificate == "new" ? New : Old, notBefore));
        Assert.Equal(expected, decision.Reason);
        Assert.Equal(expected == Reason.None && generation == 6 ? 6UL : 5UL, decision.Next.Last!.Generation);
    }

    [Fact]
    public void Attach_Again_StoresAndReplacesNothing()
    {
        var state = Accepted(5);
        var decision = AttachRules.Attach(state, Facts(5, 1, Old, 10));
        Assert.Same(state, decision.Next);
        Assert.Null(decision.Replaced);
    }

    [Fact]
    public void Attach_Newer_ReplacesTheLastSession() =>
        Assert.Equal(5UL, AttachRules.Attach(Accepted(5), Facts(6, 1, Old, 10)).Replaced!.Generation);

    [Fact]
    public void Cut_Block_RefusesEveryCertificateUntilAllowed()
    {
        var blocked = AttachRules.Cut(Accepted(5), new PeerCut { Kind = PeerCutKind.Block });
        Assert.True(blocked is { NeedsCut: true, EndsSession: true, GenerationThrough: 5 });
        Assert.Equal(Reason.CertificateRevoked, AttachRules.Attach(blocked.Next, Facts(9, 9, New, 99)).Reason);
        var allowed = AttachRules.Cut(blocked.Next, new PeerCut { Kind = PeerCutKind.Allow });
        Assert.False(allowed.NeedsCut);
        Assert.Equal(Reason.None, AttachRules.Attach(allowed.Next, Facts(9, 9, New, 99)).Reason);
    }

    [Fact]
    public void Cut_Certificate_RefusesOnlyThatOne()
    {
        var revoked = AttachRules.Cut(Accepted(5), new PeerCut { Kind = PeerCutKind.RevokeCertificate, CertificateSha256 = Old });
        Assert.True(revoked.EndsSession);
        Assert.Equal(Reason.CertificateRevoked, AttachRules.Attach(revoked.Next, Facts(6, 2, Old, 10)).Reason);
        Assert.Equal(Reason.None, AttachRules.Attach(revoked.Next, Facts(6, 2, New, 11)).Reason);
    }

    [Fact]
    public void Cut_OneCertificateTooMany_IsRefusedAndForgetsNone()
    {
        var state = Accepted(5);
        for (var i = 0; i < AttachRules.MaxRevokedCertificates; i++)
        {
            state = AttachRules.Cut(state, Revoke(i)).Next;
        }

        var refused = AttachRules.Cut(state, Revoke(AttachRules.MaxRevokedCertificates));
        Assert.Equal(Reason.Overloaded, refused.Reason);
        Assert.Equal(AttachRules.MaxRevokedCertificates, refused.Next.RevokedCertificates.Length);
        Assert.Equal(Reason.None, AttachRules.Cut(state, Revoke(0)).Reason);
    }

    [Theory]
    [InlineData(PeerCutKind.Unspecified, "")]
    [InlineData(PeerCutKind.RevokeCertificate, "")]
    [InlineData(PeerCutKind.RevokeCertificate, "AA")]
    public void Cut_Malformed_IsRefused(PeerCutKind kind, string certificate) =>
        Assert.Equal(Reason.BadRequest, AttachRules.Cut(Accepted(5), new PeerCut { Kind = kind, CertificateSha256 = certificate }).Reason);

    /// <summary>Random attaches and cuts against a reference of three variables: the generation only rises, no refused event changes it.</summary>
    [Fact]
    public void RandomEvents_AnySequence_GenerationNeverGoesBack()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var state = new AttachState();
            var blocked = false;
            var last = 0UL;
            var newest = long.MinValue;
            for (var step = 0; step < 60; step++)
            {
                if (random.Next(12) == 0)
                {
                    var kind = (PeerCutKind)random.Next(1, 5);
                    var cut = AttachRules.Cut(state, new PeerCut { Kind = kind, CertificateSha256 = Digits(random.Next(4)) });
                    blocked = kind == PeerCutKind.Block || (blocked && kind != PeerCutKind.Allow);
                    state = cut.Next;
                }

                var certificate = random.Next(8);
                var facts = Facts((ulong)random.Next(30), (ulong)random.Next(1, 3), Digits(certificate), certificate);
                var decision = AttachRules.Attach(state, facts);
                var accepted = decision.Reason == Reason.None && !ReferenceEquals(decision.Next, state);
                Assert.False(decision.Reason == Reason.None && blocked, $"seed {seed} step {step}: a blocked peer attached");
                if (accepted)
                {
                    Assert.True(facts.Session.Generation > last, $"seed {seed} step {step}: generation {facts.Session.Generation} after {last}");
                    Assert.True(certificate >= newest, $"seed {seed} step {step}: an older certificate attached");
                    (last, newest) = (facts.Session.Generation, certificate);
                }

                state = decision.Next;
                Assert.True((state.Last?.Generation ?? 0) == last, $"seed {seed} step {step}: a refusal changed the generation");
                Assert.Equal(decision.Reason == Reason.None, AttachRules.Attach(state, facts).Reason == Reason.None);
            }
        }
    }

    private static PeerCut Revoke(int i) => new() { Kind = PeerCutKind.RevokeCertificate, CertificateSha256 = Digits(i) };

    private static string Digits(int i) => i.ToString("x64", System.Globalization.CultureInfo.InvariantCulture);

    private static AttachState Accepted(ulong generation) => AttachRules.Attach(new AttachState(), Facts(generation, 1, Old, 10)).Next;

    private static AttachFacts Facts(ulong generation, ulong session, string certificate, long notBefore) => new()
    {
        Session = new SessionKey { EdgeId = "edge-1", SessionId = session, Generation = generation },
        CertificateSha256 = certificate,
        CertificateNotBeforeUnixMs = notBefore,
        CertificateNotAfterUnixMs = notBefore + 1_000,
    };
}
