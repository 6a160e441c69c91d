using Google.Protobuf;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Messages;
using OrleansUem.Silo.Enrolment;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>A stranger registers a tenant: what a silo judges before any grain. Only a root whose key signed for this invitation passes.</summary>
internal sealed class RegistrationParser : FuzzParser
{
    private readonly FuzzAuthority _tenant = new("tenant");
    private readonly FuzzAuthority _installation = new("installation");
    private readonly string _invitation = new('A', 22);

    public override IReadOnlyList<byte[]> Seeds => [.. new[] { _tenant, _installation }.Select(authority => new RegisterTenant
    {
        InvitationId = _invitation,
        Root = ByteString.CopyFrom(authority.Authority.Root.RawData),
        Proof = ByteString.CopyFrom(authority.Authority.Sign(SignedText.Register, EnrolmentMacs.RegistrationContent(_installation.Authority.Id, _invitation))),
        Mac = ByteString.CopyFrom(new byte[32]),
        Name = "Example",
    }.ToByteArray())];

    public override bool Take(ReadOnlySpan<byte> input)
    {
        if (FuzzMessages.TryParse(RegisterTenant.Parser, input) is not { } request || TenantRegistrar.Check(request, _installation.Authority.Id, out var tenant).IsRefused)
        {
            return false;
        }

        Require(tenant == _tenant.Authority.Id && request.InvitationId == _invitation, "A root is registered whose key signed nothing.");
        Require(!request.Name.Any(char.IsControl), "A name with control characters is registered.");
        return true;
    }

    protected override void Close()
    {
        _tenant.Dispose();
        _installation.Dispose();
    }
}
