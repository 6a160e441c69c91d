using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.State;

/// <summary>JOIN and its answer, without the connection: what an edge asks and what it takes. Checks run from cheap to dear, the MAC first.</summary>
internal sealed class JoinExchange
{
    private readonly EnrolmentUri _token;
    private readonly EdgeId _edge;
    private readonly ECDsa _key;

    /// <summary>Prepares the request.</summary>
    /// <param name="token">The join token's text.</param>
    /// <param name="edge">The name in it.</param>
    /// <param name="key">The edge's key pair; stays the caller's.</param>
    public JoinExchange(EnrolmentUri token, EdgeId edge, ECDsa key)
    {
        _token = token;
        _edge = edge;
        _key = key;
        var csr = SigningRequest.Create(key);
        Request = new Join
        {
            TokenId = token.Id,
            EdgeId = edge.Text,
            Csr = ByteString.CopyFrom(csr),
            Mac = ByteString.CopyFrom(EnrolmentMacs.JoinRequest(token.Secret.Span, token.Installation, token.Id, edge, csr)),
        };
    }

    /// <summary>What to send.</summary>
    public Join Request { get; }

    /// <summary>Judges the answer.</summary>
    /// <param name="joined">As received.</param>
    /// <param name="root">The installation's root, whose fingerprint stood in the token.</param>
    /// <param name="now">The clock.</param>
    /// <returns>The edge's credentials; the caller's to dispose.</returns>
    /// <exception cref="InvalidOperationException">A refusal, or an answer that is not to be used; says which.</exception>
    public PeerCredentials Judge(Joined joined, X509Certificate2 root, DateTimeOffset now)
    {
        if (joined.Reason != 0)
        {
            throw new InvalidOperationException($"The silo refused: {ReasonText.FromWire(joined.Reason).Describe()}. {ReasonText.Printable(joined.Detail)}".TrimEnd());
        }

        var expected = EnrolmentMacs.JoinAnswer(_token.Secret.Span, Request.Mac.Span, joined.Certificate.Span);
        if (!EnrolmentSecret.Matches(expected, joined.Mac.Span))
        {
            throw new InvalidOperationException("The silo's answer does not prove that it knows the token.");
        }

        var verdict = CertificateProfile.TryLoad(joined.Certificate.Span, out var certificate);
        using (certificate)
        {
            if (verdict == Reason.None)
            {
                verdict = Verify(certificate!, root, now);
            }

            return verdict == Reason.None
                ? PeerCredentials.Create(certificate!, _key, root)
                : throw new InvalidOperationException($"The silo issued a certificate that is not usable: {verdict.Describe()}.");
        }
    }

    private Reason Verify(X509Certificate2 certificate, X509Certificate2 root, DateTimeOffset now)
    {
        var shape = CertificateProfile.ReadIdentity(certificate, out var identity);
        return shape != Reason.None ? shape
            : identity.Name != _edge.Text ? Reason.CertificateWrongName
            : !certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(_key.ExportSubjectPublicKeyInfo()) ? Reason.CertificateUntrusted
            : CertificateProfile.Verify(certificate, root, PeerRole.Edge, now, out _);
    }
}
