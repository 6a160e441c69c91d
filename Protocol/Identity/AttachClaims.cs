using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Identity;

/// <summary>
/// Makes and verifies the signed claim of ATTACH. The signature is what stops an edge from claiming a device that is not there: it covers
/// the edge, the time and a generation that only goes up, so a claim is good for one edge, once.
/// </summary>
public static class AttachClaims
{
    /// <summary>How far a claim's time may be from the silo's clock. Wide enough for phones without network time, narrow enough that a claim kept back is soon worthless.</summary>
    public static readonly TimeSpan MaxSkew = TimeSpan.FromMinutes(5);

    /// <summary>The most characters of <see cref="Attach.Software"/>.</summary>
    public const int MaxSoftwareCharacters = 64;

    /// <summary>Makes an ATTACH.</summary>
    /// <param name="credentials">The peer's credentials.</param>
    /// <param name="tenantTag">The tag handed out with them.</param>
    /// <param name="edgeId">The edge, as its certificate names it.</param>
    /// <param name="generation">Above every one used before.</param>
    /// <param name="now">The peer's clock.</param>
    /// <param name="software">Name and version.</param>
    /// <returns>The payload.</returns>
    public static Attach Create(
        PeerCredentials credentials, ReadOnlySpan<byte> tenantTag, EdgeId edgeId, ulong generation, DateTimeOffset now, string software)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        var claim = new AttachClaim
        {
            Identity = credentials.Identity.ToString(),
            EdgeId = edgeId.Text,
            TimeUnixMs = now.ToUnixTimeMilliseconds(),
            Generation = generation,
        }.ToByteString();
        using var key = credentials.Certificate.GetECDsaPrivateKey()
            ?? throw new CryptographicException("The credentials have no EC private key.");
        return new Attach
        {
            Version = ProtocolVersion.Current,
            TenantTag = ByteString.CopyFrom(tenantTag),
            Certificate = ByteString.CopyFrom(credentials.Certificate.RawData),
            Claim = claim,
            Signature = ByteString.CopyFrom(SignedText.Sign(key, SignedText.Attach, claim.Span)),
            Software = software,
        };
    }

    /// <summary>Verifies an ATTACH against the tenant's root. Generations are the grain's to judge.</summary>
    /// <param name="attach">The payload.</param>
    /// <param name="root">The tenant's root.</param>
    /// <param name="edgeId">The edge that forwarded it, from that edge's own certificate.</param>
    /// <param name="now">The silo's clock.</param>
    /// <param name="claim">The claim on success and with <see cref="Reason.ClockSkew"/>.</param>
    /// <param name="identity">The verified identity on success.</param>
    /// <param name="certificate">The verified certificate on success; the caller disposes it.</param>
    /// <returns><see cref="Reason.None"/> or why not.</returns>
    public static Reason Verify(
        Attach attach,
        X509Certificate2 root,
        EdgeId edgeId,
        DateTimeOffset now,
        out AttachClaim? claim,
        out PeerIdentity identity,
        out X509Certificate2? certificate)
    {
        ArgumentNullException.ThrowIfNull(attach);
        claim = null;
        identity = default;
        var reason = CertificateProfile.TryLoad(attach.Certificate.Span, out certificate);
        if (reason == Reason.None)
        {
            reason = Verify(attach, certificate!, root, edgeId, now, out claim, out identity);
        }

        if (reason != Reason.None)
        {
            certificate?.Dispose();
            certificate = null;
        }

        return reason;
    }

    /// <summary>The same for a certificate that is decoded already: decoding one costs a quarter of a millisecond with OpenSSL 3.</summary>
    /// <param name="attach">The payload.</param>
    /// <param name="certificate">Its certificate.</param>
    /// <param name="root">The tenant's root.</param>
    /// <param name="edgeId">The edge that forwarded it, from that edge's own certificate.</param>
    /// <param name="now">The silo's clock.</param>
    /// <param name="claim">The claim on success and with <see cref="Reason.ClockSkew"/>.</param>
    /// <param name="identity">The verified identity on success.</param>
    /// <returns><see cref="Reason.None"/> or why not.</returns>
    public static Reason Verify(
        Attach attach,
        X509Certificate2 certificate,
        X509Certificate2 root,
        EdgeId edgeId,
        DateTimeOffset now,
        out AttachClaim? claim,
        out PeerIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(attach);
        claim = null;
        var reason = CertificateProfile.ReadIdentity(certificate, out identity);
        if (reason != Reason.None)
        {
            return reason;
        }

        if (identity.Role is not (PeerRole.Device or PeerRole.Node))
        {
            return Reason.CertificateWrongRole;
        }

        reason = CertificateProfile.Judge(certificate, identity, root, identity.Role, now);
        if (reason != Reason.None)
        {
            return reason;
        }

        if (attach.Version is < ProtocolVersion.Oldest or > ProtocolVersion.Current)
        {
            return Reason.UnsupportedVersion;
        }

        if (!SignedText.Verify(certificate, SignedText.Attach, attach.Claim.Span, attach.Signature.Span))
        {
            return Reason.BadSignature;
        }

        return JudgeClaim(attach, edgeId, now, identity, out claim);
    }

    private static Reason JudgeClaim(Attach attach, EdgeId edgeId, DateTimeOffset now, PeerIdentity identity, out AttachClaim? claim)
    {
        try
        {
            claim = AttachClaim.Parser.ParseFrom(attach.Claim);
        }
        catch (InvalidProtocolBufferException)
        {
            // A peer fault: signed bytes that are no claim.
            claim = null;
            return Reason.MalformedFrame;
        }

        if (claim.Identity != identity.ToString())
        {
            return Reason.CertificateWrongName;
        }

        if (claim.EdgeId != edgeId.Text)
        {
            return Reason.WrongEdge;
        }

        if (attach.Software.Length > MaxSoftwareCharacters || claim.Generation is 0 or > long.MaxValue)
        {
            return Reason.MalformedFrame;
        }

        var skewMs = claim.TimeUnixMs - (decimal)now.ToUnixTimeMilliseconds();
        return Math.Abs(skewMs) > (decimal)MaxSkew.TotalMilliseconds ? Reason.ClockSkew : Reason.None;
    }
}
