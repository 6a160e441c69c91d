using System.Security.Cryptography;
using Google.Protobuf;
using OrleansUem.Edge.State;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Edge;

/// <summary>What an edge takes for an answer to JOIN; each fault is one line.</summary>
public sealed class JoinExchangeTests : IDisposable
{
    private readonly TestAuthority _installation = new("Installation");
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly EnrolmentUri _token;
    private readonly JoinExchange _exchange;

    public JoinExchangeTests()
    {
        _token = new EnrolmentUri
        {
            Kind = EnrolmentKind.Join,
            Host = "silo.example.org",
            Port = 3102,
            Installation = _installation.Id,
            Id = new string('A', 22),
            Secret = EnrolmentSecret.NewRandom(),
            Name = "edge-1",
        };
        _exchange = new JoinExchange(_token, new EdgeId("edge-1"), _key);
    }

    [Fact]
    public void Judge_GoodAnswer_GivesCredentials()
    {
        using var credentials = _exchange.Judge(Answer(Issue(PeerRole.Edge, "edge-1")), _installation.Authority.Root, _installation.Now);
        Assert.Equal("edge-1", credentials.Identity.Name);
    }

    [Theory]
    [InlineData(PeerRole.Edge, "edge-2", nameof(Reason.CertificateWrongName))]
    [InlineData(PeerRole.Silo, "edge-1", nameof(Reason.CertificateWrongRole))]
    public void Judge_CertificateOfAnother_IsRefused(PeerRole role, string name, string reason) => Refused(Answer(Issue(role, name)), reason);

    [Fact]
    public void Judge_CertificateForAnotherKey_IsRefused()
    {
        using var other = _installation.Issue(PeerRole.Edge, "edge-1");
        Refused(Answer(other.Certificate.RawData), nameof(Reason.CertificateUntrusted));
    }

    [Fact]
    public void Judge_NoCertificate_IsRefused() => Refused(Answer([0x30, 0x00]), nameof(Reason.CertificateMalformed));

    [Fact]
    public void Judge_WithoutTheSecret_IsRefused()
    {
        var answer = Answer(Issue(PeerRole.Edge, "edge-1"));
        answer.Mac = ByteString.CopyFrom(new byte[32]);
        Refused(answer, "does not prove");
    }

    [Fact]
    public void Judge_Refusal_ShowsItsWordsWithoutControlCharacters() =>
        Refused(new Joined { Reason = (uint)Reason.TooManyAttempts, Detail = "no\u001b[2J" }, "TooManyAttempts. no [2J");

    public void Dispose()
    {
        _key.Dispose();
        _installation.Dispose();
    }

    private byte[] Issue(PeerRole role, string name)
    {
        Assert.Equal(Reason.None, SigningRequest.TryRead(SigningRequest.Create(_key), out var publicKey));
        using var certificate = _installation.Authority.Issue(publicKey!, role, name, _installation.Now, TimeSpan.FromDays(30));
        return certificate.RawData;
    }

    private Joined Answer(byte[] certificate) => new()
    {
        Certificate = ByteString.CopyFrom(certificate),
        Mac = ByteString.CopyFrom(EnrolmentMacs.JoinAnswer(_token.Secret.Span, _exchange.Request.Mac.Span, certificate)),
    };

    private void Refused(Joined joined, string words)
    {
        var e = Assert.Throws<InvalidOperationException>(() => _exchange.Judge(joined, _installation.Authority.Root, _installation.Now));
        Assert.Contains(words, e.Message, StringComparison.Ordinal);
    }
}
