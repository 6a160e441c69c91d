using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Sessions;

/// <summary>
/// Who may attach, for devices and nodes alike. Pure. In this order:
/// blocked or revoked → CertificateRevoked; the accepted facts again → the same answer; older certificate than the newest seen →
/// CertificateSuperseded; generation not above the last → StaleGeneration; otherwise accepted, and the last session is replaced.
/// </summary>
internal static class AttachRules
{
    /// <summary>Revocations kept for one peer. A certificate lives a year or so, so a peer with more is one to block.</summary>
    internal const int MaxRevokedCertificates = 64;

    private const int Sha256Digits = 64;

    internal static AttachDecision Attach(AttachState state, AttachFacts facts)
    {
        if (state.IsBlocked || state.RevokedCertificates.Contains(facts.CertificateSha256))
        {
            return new(Reason.CertificateRevoked, state, null);
        }

        var isSameCertificate = facts.CertificateSha256 == state.CertificateSha256;
        if (isSameCertificate && facts.Session == state.Last)
        {
            return new(Reason.None, state, null);
        }

        // Two certificates of the same second have no order; the newer attach decides then.
        if (!isSameCertificate && facts.CertificateNotBeforeUnixMs < state.CertificateNotBeforeUnixMs)
        {
            return new(Reason.CertificateSuperseded, state, null);
        }

        if (facts.Session.Generation <= (state.Last?.Generation ?? 0))
        {
            return new(Reason.StaleGeneration, state, null);
        }

        var next = state with
        {
            Last = facts.Session,
            CertificateSha256 = facts.CertificateSha256,
            CertificateNotBeforeUnixMs = facts.CertificateNotBeforeUnixMs,
        };
        return new(Reason.None, next, state.Last);
    }

    /// <summary>Whether the last session, if it is still there, must not be: the peer is blocked, or that session's certificate is revoked.</summary>
    internal static bool IsCutOff(AttachState state) => state.IsBlocked || state.RevokedCertificates.Contains(state.CertificateSha256);

    internal static PeerCutDecision Cut(AttachState state, PeerCut cut)
    {
        var last = state.Last?.Generation ?? 0;
        switch (cut.Kind)
        {
            case PeerCutKind.EndSession:
                return new(Reason.None, "", state, last > 0, last > 0, last);
            case PeerCutKind.Block:
                // No session above the last generation can exist, since the attach that would make it is refused.
                return new(Reason.None, "", state with { IsBlocked = true }, last > 0, last > 0, last);
            case PeerCutKind.Allow:
                return new(Reason.None, "", state with { IsBlocked = false }, false, false, 0);
            case PeerCutKind.RevokeCertificate:
                return Revoke(state, cut.CertificateSha256);
            default:
                return Refuse(state, Reason.BadRequest, "The cut says not what to do.");
        }
    }

    private static PeerCutDecision Revoke(AttachState state, string sha256)
    {
        if (sha256.Length != Sha256Digits || !sha256.All(c => char.IsAsciiDigit(c) || c is >= 'a' and <= 'f'))
        {
            return Refuse(state, Reason.BadRequest, "A certificate is named by the 64 lower-case hexadecimal digits of its SHA-256.");
        }

        var next = state;
        if (!state.RevokedCertificates.Contains(sha256))
        {
            if (state.RevokedCertificates.Length >= MaxRevokedCertificates)
            {
                return Refuse(state, Reason.Overloaded, $"{MaxRevokedCertificates} certificates are revoked already; block the peer.");
            }

            next = state with { RevokedCertificates = state.RevokedCertificates.Add(sha256) };
        }

        return new(Reason.None, "", next, true, sha256 == state.CertificateSha256, 0);
    }

    private static PeerCutDecision Refuse(AttachState state, Reason reason, string detail) => new(reason, detail, state, false, false, 0);
}
