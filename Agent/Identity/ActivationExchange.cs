using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Identity;

/// <summary>
/// The device's side of an activation, without network and files: makes ENROL and judges its answer. The relay carries both and must not be able
/// to swap the key on the way there (the request's MAC covers the CSR) or the certificate on the way back (the answer's MAC covers it
/// and the request).
/// </summary>
public sealed class ActivationExchange
{
    private readonly EnrolmentUri _activation;
    private readonly ECDsa _key;
    private readonly TenantId _tenant;
    private readonly byte[] _requestMac;

    /// <param name="activation">An activation.</param>
    /// <param name="key">The device's key pair; the caller keeps it.</param>
    /// <param name="csr">The certificate request of that key; the same bytes for every attempt, since they are what the node remembers.</param>
    public ActivationExchange(EnrolmentUri activation, ECDsa key, byte[] csr)
    {
        ArgumentNullException.ThrowIfNull(activation);
        if (activation.Kind != EnrolmentKind.Activate || activation.Tenant is not { } tenant)
        {
            throw new ArgumentException("This is not an activation.", nameof(activation));
        }

        _activation = activation;
        _key = key;
        _tenant = tenant;
        _requestMac = EnrolmentMacs.ActivationRequest(
            activation.Secret.Span, tenant, activation.Id, ProtocolVersion.Current, csr);
        Request = new Enrol
        {
            RequestId = 1,
            TenantId = tenant.Text,
            TenantTag = ByteString.CopyFrom(activation.TenantTag.Span),
            ActivationId = activation.Id,
            Request = new EnrolRequest
            {
                Version = ProtocolVersion.Current,
                Csr = ByteString.CopyFrom(csr),
                Mac = ByteString.CopyFrom(_requestMac),
            }.ToByteString(),
        };
    }

    /// <summary>The payload of ENROL.</summary>
    public Enrol Request { get; }

    /// <summary>Judges the answer.</summary>
    /// <param name="answer">As received.</param>
    /// <param name="now">The clock.</param>
    /// <returns>The credentials; the caller disposes them.</returns>
    /// <exception cref="EnrolmentException">Refused, or not the answer of the tenant's node.</exception>
    public PeerCredentials Judge(EnrolAnswer answer, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var reason = ReasonText.FromWire(answer.Reason);
        if (reason != Reason.None)
        {
            throw Refusals.Explain(reason, answer.Detail, answer.RetryAfterMs);
        }

        EnrolGrant grant;
        try
        {
            grant = EnrolGrant.Parser.ParseFrom(answer.Answer);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw Hostile(Reason.MalformedFrame, "the answer does not parse", e);
        }

        var expected = EnrolmentMacs.ActivationAnswer(_activation.Secret.Span, _requestMac, grant.Certificate.Span, grant.Root.Span);
        if (!EnrolmentSecret.Matches(expected, grant.Mac.Span))
        {
            throw Hostile(Reason.BadSignature, "the answer was not made with the activation's secret");
        }

        return Verify(grant, now);
    }

    private PeerCredentials Verify(EnrolGrant grant, DateTimeOffset now)
    {
        X509Certificate2? root = null;
        X509Certificate2? certificate = null;
        try
        {
            // What costs no signature comes first.
            if (CertificateProfile.TryLoad(grant.Certificate.Span, out certificate) != Reason.None
                || CertificateProfile.ReadIdentity(certificate!, out var identity) != Reason.None)
            {
                throw Hostile(Reason.CertificateMalformed, "the answer's certificate does not parse");
            }

            if (_activation.Name is { } name && identity.Name != name)
            {
                throw Hostile(Reason.CertificateWrongName, $"the certificate is for {identity.Name}, the activation for {name}");
            }

            if (!certificate!.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(_key.ExportSubjectPublicKeyInfo()))
            {
                throw Hostile(Reason.CertificateUntrusted, "the answer's certificate is for another key than this device's");
            }

            if (CertificateProfile.TryLoad(grant.Root.Span, out root) != Reason.None)
            {
                throw Hostile(Reason.CertificateMalformed, "the answer's root does not parse");
            }

            if (TenantId.FromRoot(root!) != _tenant || !CertificateProfile.IsRoot(root!))
            {
                throw Hostile(Reason.CertificateUntrusted, "the answer's root is not the tenant's");
            }

            var reason = CertificateProfile.Verify(certificate, root!, PeerRole.Device, now, out _);
            if (reason is Reason.CertificateNotYetValid or Reason.CertificateExpired)
            {
                throw new EnrolmentException(
                    reason,
                    $"The certificate is valid from {certificate.NotBefore.ToUniversalTime():u} to {certificate.NotAfter.ToUniversalTime():u}, this device's clock says {now.UtcDateTime:u}. Set the clock and try again.");
            }

            if (reason != Reason.None)
            {
                throw Hostile(reason, "the answer's certificate is not one of the tenant's devices");
            }

            return PeerCredentials.Create(certificate, _key, root!);
        }
        finally
        {
            root?.Dispose();
            certificate?.Dispose();
        }
    }

    private static EnrolmentException Hostile(Reason reason, string what, Exception? inner = null) => new(
        reason, $"Refused the relay's answer: {what}. Somebody between this device and the node may be interfering; ask for a new activation.", inner);
}
