using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Silo.Control;

/// <summary>
/// Which tenants there are, for requests that carry an identity but no tag (leases, ends, opens), and their roots, for those that carry one. A tenant is known
/// once its tag or its grain vouched for it; asking a grain for an unknown one is metered for each link, so that a stolen edge
/// can't make grains of made-up ids in bulk. Shared by all links; any thread.
/// </summary>
/// <remarks>
/// The roots are asked for at every attach, since a tenant that is cut off must not attach again: only the decoded certificates are kept.
/// </remarks>
/// <param name="grains">Reaches the tenant grains.</param>
internal sealed class TenantGate(IGrainFactory grains)
{
    /// <summary>Known tenants and decoded roots kept; at the bound all are forgotten and asked for again. 100,000 ids are 20 MB.</summary>
    public const int MaxKnown = 100_000;

    /// <summary>Decoded roots kept; one is some 10 KB with its native part.</summary>
    public const int MaxRoots = 1_024;

    private readonly Lock _gate = new();
    private readonly HashSet<TenantId> _known = [];
    private readonly Dictionary<TenantId, DecodedRoot> _roots = [];

    /// <summary>Tenant grains asked since the start, for tests and metrics.</summary>
    public long Lookups { get; private set; }

    /// <summary>The tenant's roots, from its grain.</summary>
    /// <param name="tenant">A tenant whose tag was checked.</param>
    public async Task<TenantRoots> GetRootsAsync(TenantId tenant)
    {
        lock (_gate)
        {
            Lookups++;
        }

        var roots = await grains.GetGrain<ITenantGrain>(GrainKeys.Tenant(tenant)).GetRootsAsync();
        lock (_gate)
        {
            if (roots.Reason != Reason.None)
            {
                _known.Remove(tenant);
            }
            else
            {
                if (_known.Count >= MaxKnown)
                {
                    _known.Clear();
                }

                _known.Add(tenant);
            }
        }

        return roots;
    }

    /// <summary>Whether there is such a tenant, for a request without a tag.</summary>
    /// <param name="tenant">The tenant that the edge names.</param>
    /// <param name="meter">The link's meter of lookups.</param>
    /// <returns>None, UnknownTenant, CutByAdmin, or Overloaded when the link asked for too many unknown ones.</returns>
    public async Task<Reason> AdmitAsync(TenantId tenant, LookupMeter meter)
    {
        lock (_gate)
        {
            if (_known.Contains(tenant))
            {
                return Reason.None;
            }
        }

        return meter.TryTake() ? (await GetRootsAsync(tenant)).Reason : Reason.Overloaded;
    }

    /// <summary>The roots as certificates. The cache owns them; the collector frees them.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="roots">DER, from its grain.</param>
    public ImmutableArray<X509Certificate2> Decode(TenantId tenant, ImmutableArray<ReadOnlyMemory<byte>> roots)
    {
        lock (_gate)
        {
            if (_roots.TryGetValue(tenant, out var decoded) && IsSame(decoded.Der, roots))
            {
                return decoded.Certificates;
            }
        }

        var certificates = ImmutableArray.CreateBuilder<X509Certificate2>();
        foreach (var der in roots)
        {
            if (CertificateProfile.TryLoad(der.Span, out var certificate) == Reason.None)
            {
                certificates.Add(certificate!);
            }
        }

        var fresh = new DecodedRoot(roots, certificates.ToImmutable());
        lock (_gate)
        {
            if (_roots.Count >= MaxRoots)
            {
                _roots.Clear();
            }

            _roots[tenant] = fresh;
        }

        return fresh.Certificates;
    }

    private static bool IsSame(ImmutableArray<ReadOnlyMemory<byte>> left, ImmutableArray<ReadOnlyMemory<byte>> right)
    {
        if (left.Length != right.Length)
        {
            return false;
        }

        for (var i = 0; i < left.Length; i++)
        {
            if (!left[i].Span.SequenceEqual(right[i].Span))
            {
                return false;
            }
        }

        return true;
    }

    private sealed record DecodedRoot(ImmutableArray<ReadOnlyMemory<byte>> Der, ImmutableArray<X509Certificate2> Certificates);
}
