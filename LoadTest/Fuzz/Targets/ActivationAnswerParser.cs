using Google.Protobuf;
using OrleansUem.Agent.Identity;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>
/// The answer to a device's activation. Without the secret: whatever a relay sends, an EnrolAnswer. With it: the input is an EnrolGrant of a hostile node, its MAC made well. The device
/// takes only a certificate of its tenant, for its name and key.
/// </summary>
internal sealed class ActivationAnswerParser : FuzzParser
{
    private readonly bool _knowsSecret;
    private readonly FuzzAuthority _tenant = new("tenant");
    private readonly System.Security.Cryptography.ECDsa _key = FuzzAuthority.Key($"tenant/{PeerRole.Device}/laptop-7");
    private readonly EnrolmentUri _activation;
    private readonly ActivationExchange _exchange;
    private readonly byte[] _requestMac;

    public ActivationAnswerParser(bool knowsSecret)
    {
        _knowsSecret = knowsSecret;
        _activation = new EnrolmentUri
        {
            Kind = EnrolmentKind.Activate,
            Host = "relay.example.org",
            Port = 443,
            Installation = new TenantId(new string('a', 64)),
            Id = new string('A', 22),
            Secret = new byte[EnrolmentSecret.SecretBytes],
            Tenant = _tenant.Authority.Id,
            TenantTag = new byte[TenantTags.TagBytes],
            Name = "laptop-7",
        };
        _exchange = new ActivationExchange(_activation, _key, SigningRequest.Create(_key));
        _requestMac = EnrolRequest.Parser.ParseFrom(_exchange.Request.Request).Mac.ToByteArray();
    }

    public override IReadOnlyList<byte[]> Seeds
    {
        get
        {
            using var own = _tenant.Issue(PeerRole.Device, "laptop-7");
            using var other = _tenant.Issue(PeerRole.Device, "laptop-8");
            using var node = _tenant.Issue(PeerRole.Node, "laptop-7");
            var grants = new[] { own, other, node }.Select(credentials => WithMac(new EnrolGrant
            {
                Certificate = ByteString.CopyFrom(credentials.Certificate.RawData),
                Root = ByteString.CopyFrom(_tenant.Authority.Root.RawData),
            }));
            return [.. grants.Select(grant => _knowsSecret ? grant.ToByteArray() : new EnrolAnswer { RequestId = 1, Answer = grant.ToByteString() }.ToByteArray())];
        }
    }

    public override bool Take(ReadOnlySpan<byte> input)
    {
        var answer = _knowsSecret
            ? FuzzMessages.TryParse(EnrolGrant.Parser, input) is { } grant ? new EnrolAnswer { Answer = WithMac(grant).ToByteString() } : null
            : FuzzMessages.TryParse(EnrolAnswer.Parser, input);
        if (answer is null)
        {
            return false;
        }

        try
        {
            using var credentials = _exchange.Judge(answer, FuzzAuthority.Now);
            Require(credentials.Identity == new PeerIdentity(_tenant.Authority.Id, PeerRole.Device, "laptop-7"), "The device took another identity.");
            return true;
        }
        catch (EnrolmentException e)
        {
            Require(!e.Message.Any(char.IsControl), "A peer's control characters reach the terminal.");
            return false;
        }
    }

    protected override void Close()
    {
        _key.Dispose();
        _tenant.Dispose();
    }

    private EnrolGrant WithMac(EnrolGrant grant)
    {
        grant.Mac = ByteString.CopyFrom(EnrolmentMacs.ActivationAnswer(_activation.Secret.Span, _requestMac, grant.Certificate.Span, grant.Root.Span));
        return grant;
    }
}
