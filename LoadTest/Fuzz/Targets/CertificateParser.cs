using OrleansUem.Dtls;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>
/// Any bytes as a certificate, as TLS, ATTACH and DTLS hand them on: <see cref="CertificateProfile"/> and all that reads a certificate before it is trusted. Only the bytes that the root signed
/// are trusted.
/// </summary>
internal sealed class CertificateParser : FuzzParser
{
    private readonly FuzzAuthority _tenant = new("tenant");
    private readonly List<byte[]> _issued = [];

    public CertificateParser()
    {
        foreach (var role in new[] { PeerRole.Device, PeerRole.Node, PeerRole.Edge, PeerRole.Silo })
        {
            using var credentials = _tenant.Issue(role, "peer-1");
            _issued.Add(credentials.Certificate.RawData);
        }
    }

    public override IReadOnlyList<byte[]> Seeds => [.. _issued, _tenant.Authority.Root.RawData];

    public override bool Take(ReadOnlySpan<byte> input)
    {
        if (CertificateProfile.TryLoad(input, out var certificate) != Reason.None)
        {
            Require(certificate is null, "A refused certificate was handed out.");
            return false;
        }

        using (certificate)
        {
            _ = TenantId.FromRoot(certificate!);
            _ = DtlsKeys.IsApproved(certificate!);
            _ = SignedText.Verify(certificate!, SignedText.Attach, input, input);
            if (CertificateProfile.IsRoot(certificate!))
            {
                Require(certificate!.Extensions.Count > 0, "A root without extensions.");
            }

            var shape = CertificateProfile.ReadIdentity(certificate!, out var identity);
            if (shape == Reason.None)
            {
                Require(PeerIdentity.TryParse(identity.ToString(), out var again) && again == identity, "An identity has two forms.");
            }

            var reason = CertificateProfile.Verify(certificate!, _tenant.Authority.Root, identity.Role, FuzzAuthority.Now, out _);
            Require(reason != Reason.None || _issued.Any(issued => certificate!.RawDataMemory.Span.SequenceEqual(issued)), "A certificate is trusted that the root did not sign.");
            return shape == Reason.None;
        }
    }

    protected override void Close() => _tenant.Dispose();
}
