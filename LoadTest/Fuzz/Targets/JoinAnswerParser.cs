using Google.Protobuf;
using OrleansUem.Edge.State;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>What a silo answers an edge that joins, its MAC made well: only a certificate of the installation for this edge's name and key is taken.</summary>
internal sealed class JoinAnswerParser : FuzzParser
{
    private static readonly EdgeId Edge = new("edge-1");

    private readonly FuzzAuthority _installation = new("installation");
    private readonly System.Security.Cryptography.ECDsa _key = FuzzAuthority.Key($"installation/{PeerRole.Edge}/edge-1");
    private readonly EnrolmentUri _token;
    private readonly JoinExchange _exchange;

    public JoinAnswerParser()
    {
        _token = new EnrolmentUri
        {
            Kind = EnrolmentKind.Join,
            Host = "silo.example.org",
            Port = 3102,
            Installation = _installation.Authority.Id,
            Id = new string('A', 22),
            Secret = new byte[EnrolmentSecret.SecretBytes],
            Name = Edge.Text,
        };
        _exchange = new JoinExchange(_token, Edge, _key);
    }

    public override IReadOnlyList<byte[]> Seeds
    {
        get
        {
            using var own = _installation.Issue(PeerRole.Edge, "edge-1");
            using var other = _installation.Issue(PeerRole.Edge, "edge-2");
            using var silo = _installation.Issue(PeerRole.Silo, "edge-1");
            return
            [
                .. new[] { own, other, silo }.Select(credentials => new Joined { Certificate = ByteString.CopyFrom(credentials.Certificate.RawData) }.ToByteArray()),
                new Joined { Reason = 502, Detail = "too\u001b[31m often" }.ToByteArray(),
            ];
        }
    }

    public override bool Take(ReadOnlySpan<byte> input)
    {
        if (FuzzMessages.TryParse(Joined.Parser, input) is not { } joined)
        {
            return false;
        }

        joined.Mac = ByteString.CopyFrom(EnrolmentMacs.JoinAnswer(_token.Secret.Span, _exchange.Request.Mac.Span, joined.Certificate.Span));
        PeerCredentials credentials;
        try
        {
            credentials = _exchange.Judge(joined, _installation.Authority.Root, FuzzAuthority.Now);
        }
        catch (InvalidOperationException e) when (e.GetType() == typeof(InvalidOperationException))
        {
            Require(!e.Message.Any(char.IsControl), "A peer's control characters reach the terminal.");
            return false;
        }

        using (credentials)
        {
            Require(credentials.Identity == new PeerIdentity(_installation.Authority.Id, PeerRole.Edge, Edge.Text), "The edge took another identity.");
            return true;
        }
    }

    protected override void Close()
    {
        _key.Dispose();
        _installation.Dispose();
    }
}
