using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Grains.Edges;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Silo.Control;

/// <summary>
/// Decides whether a peer is where an edge says it is: the chain to the tenant's root, the role, the signature over this edge, time and generation. What only the
/// peer's grain knows (last generation, revocation) it judges last. A made-up tenant costs one HMAC and reaches no grain.
/// </summary>
internal sealed class AttachVerifier(TenantGate tenants, IGrainFactory grains, TimeProvider time)
{
    /// <summary>Serves AttachSession.</summary>
    /// <param name="guard">The guard of the link, with the edge's id.</param>
    /// <param name="request">The request.</param>
    /// <returns>The answer, without an id.</returns>
    public async Task<ControlAnswer> AttachAsync(EdgeGuard guard, AttachSession request)
    {
        var refusal = guard.CheckAttach(request, out var attach, out var claimed, out var certificate);
        if (refusal.IsRefused)
        {
            return refusal.ToAnswer();
        }

        using var decoded = certificate!;
        var roots = await tenants.GetRootsAsync(claimed.Root);
        if (roots.Reason != Reason.None)
        {
            return new ControlRefusal(roots.Reason, "").ToAnswer();
        }

        var reason = Reason.CertificateUntrusted;
        foreach (var root in tenants.Decode(claimed.Root, roots.Roots))
        {
            reason = Verify(guard.Edge, request, attach!, decoded, root, out var facts, out var identity);
            if (reason == Reason.None)
            {
                return await AskPeerAsync(identity, facts!);
            }

            if (reason != Reason.CertificateUntrusted)
            {
                break;
            }
        }

        var answer = new ControlRefusal(reason, "").ToAnswer();
        if (reason == Reason.ClockSkew)
        {
            answer.Attached = new SessionAttached { ServerTimeUnixMs = time.GetUtcNow().ToUnixTimeMilliseconds() };
        }

        return answer;
    }

    private Reason Verify(
        EdgeId edge, AttachSession request, Attach attach, X509Certificate2 certificate, X509Certificate2 root, out AttachFacts? facts, out PeerIdentity identity)
    {
        facts = null;
        var reason = AttachClaims.Verify(attach, certificate, root, edge, time.GetUtcNow(), out var claim, out identity);
        if (reason != Reason.None)
        {
            return reason;
        }

        facts = new AttachFacts
        {
            Session = new SessionKey { EdgeId = edge.Text, SessionId = request.SessionId, Generation = claim!.Generation },
            CertificateSha256 = Convert.ToHexStringLower(SHA256.HashData(certificate.RawDataMemory.Span)),
            CertificateNotBeforeUnixMs = new DateTimeOffset(certificate.NotBefore.ToUniversalTime()).ToUnixTimeMilliseconds(),
            CertificateNotAfterUnixMs = new DateTimeOffset(certificate.NotAfter.ToUniversalTime()).ToUnixTimeMilliseconds(),
            Address = request.Address,
            Transport = request.Transport,
            Software = attach.Software,
        };
        return Reason.None;
    }

    private async Task<ControlAnswer> AskPeerAsync(PeerIdentity identity, AttachFacts facts)
    {
        var key = GrainKeys.Peer(identity);
        var result = identity.Role == PeerRole.Device
            ? await grains.GetGrain<IDeviceGrain>(key).AttachAsync(facts)
            : await grains.GetGrain<INodeGrain>(key).AttachAsync(facts);
        var attached = new SessionAttached
        {
            Identity = identity.ToString(),
            Generation = facts.Session.Generation,
            ServerTimeUnixMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
            LastGeneration = result.LastGeneration,
        };
        if (result.Replaced is { } replaced)
        {
            attached.Replaced = WireForms.ToWire(replaced);
        }

        return new ControlAnswer { Reason = (uint)result.Reason, Attached = attached };
    }
}
