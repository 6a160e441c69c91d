using Google.Protobuf;
using OrleansUem.Agent.Identity;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>What a relay answers a node that registers its tenant: only a tag made with the invitation's secret is taken.</summary>
internal sealed class RegistrationAnswerParser : FuzzParser
{
    private readonly FuzzAuthority _tenant = new("tenant");
    private readonly RegisterTenant _request;
    private readonly EnrolmentUri _invitation = new()
    {
        Kind = EnrolmentKind.Invite,
        Host = "relay.example.org",
        Port = 3101,
        Installation = new TenantId(new string('a', 64)),
        Id = new string('A', 22),
        Secret = new byte[EnrolmentSecret.SecretBytes],
    };

    public RegistrationAnswerParser() => _request = TenantRegistrationExchange.CreateRequest(_invitation, _tenant.Authority, "Example");

    public override IReadOnlyList<byte[]> Seeds
    {
        get
        {
            var tag = new byte[TenantTags.TagBytes];
            var mac = EnrolmentMacs.InvitationAnswer(_invitation.Secret.Span, _request.Mac.Span, tag);
            return
            [
                new TenantRegistered { TenantTag = ByteString.CopyFrom(tag), Mac = ByteString.CopyFrom(mac) }.ToByteArray(),
                new TenantRegistered { Reason = 504, Detail = "no\u202e such\r\n invitation" }.ToByteArray(),
            ];
        }
    }

    public override bool Take(ReadOnlySpan<byte> input)
    {
        if (FuzzMessages.TryParse(TenantRegistered.Parser, input) is not { } answer)
        {
            return false;
        }

        try
        {
            Require(TenantRegistrationExchange.Judge(_invitation, _request, answer).Span.SequenceEqual(new byte[TenantTags.TagBytes]), "Another tag than the silo's is taken.");
            return true;
        }
        catch (EnrolmentException e)
        {
            Require(!e.Message.Any(char.IsControl), "A peer's control characters reach the terminal.");
            return false;
        }
    }

    protected override void Close() => _tenant.Dispose();
}
