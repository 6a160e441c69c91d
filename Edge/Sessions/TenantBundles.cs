using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Sessions;

/// <summary>
/// The roots of tenants, fetched over a control link: bounded in count and time, one request at a time for each tenant and tag, refusals kept for a moment. The tag
/// is part of the key, since a made-up one must not spoil the true one's entry.
/// </summary>
internal sealed class TenantBundles(
    Func<ControlRequest, Task<ControlAnswer>> request, EdgeLimits limits, TimeProvider time)
{
    private const int MaxRoots = 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<(TenantId Tenant, string Tag), Entry> _entries = [];
    private readonly Queue<(TenantId Tenant, string Tag)> _order = [];

    /// <summary>Entries kept.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    public Task<TenantRoots> GetAsync(TenantId tenant, ByteString tag)
    {
        var key = (tenant, Convert.ToHexStringLower(tag.Span));
        lock (_lock)
        {
            if (_entries.TryGetValue(key, out var known) && (known.Expires is null || known.Expires > time.GetUtcNow()))
            {
                return known.Roots;
            }

            if (known is null)
            {
                MakeRoomLocked();
                _order.Enqueue(key);
            }

            var entry = new Entry();
            _entries[key] = entry;
            entry.Roots = FetchAsync(tenant, tag, entry);
            return entry.Roots;
        }
    }

    /// <summary>Forgets a tenant: it was cut, or its roots changed.</summary>
    public void Forget(string tenant)
    {
        lock (_lock)
        {
            foreach (var entry in _entries.Where(pair => pair.Key.Tenant.Text == tenant))
            {
                entry.Value.Expires = DateTimeOffset.MinValue;
            }
        }
    }

    private async Task<TenantRoots> FetchAsync(TenantId tenant, ByteString tag, Entry entry)
    {
        // Off the caller's lock.
        await Task.Yield();
        var lifetime = TimeSpan.Zero;
        try
        {
            var answer = await request(new ControlRequest
            {
                TenantBundle = new TenantBundleRequest { TenantId = tenant.Text, TenantTag = tag },
            });
            var roots = Read(answer, tenant);
            lifetime = roots.Reason switch
            {
                Reason.None => Shorter(limits.BundleTime, TimeSpan.FromSeconds(answer.TenantBundle.LifetimeSeconds)),
                Reason.UnknownTenant => limits.RefusedBundleTime,
                _ => TimeSpan.Zero, // no silo, timeout: the next one asks again
            };
            return roots;
        }
        finally
        {
            lock (_lock)
            {
                // A Forget that came meanwhile stays.
                entry.Expires ??= time.GetUtcNow() + lifetime;
            }
        }
    }

    private static TenantRoots Read(ControlAnswer answer, TenantId tenant)
    {
        var reason = ReasonText.FromWire(answer.Reason);
        var roots = new List<X509Certificate2>();
        if (reason == Reason.None)
        {
            foreach (var der in answer.TenantBundle.Roots.Take(MaxRoots))
            {
                if (CertificateProfile.TryLoad(der.Span, out var root) == Reason.None && TenantId.FromRoot(root!) == tenant)
                {
                    roots.Add(root!);
                }
            }
        }

        return reason == Reason.None && roots.Count == 0
            ? new TenantRoots(tenant, Reason.UnknownTenant, "The silo knows no root of the tenant.", [])
            : new TenantRoots(tenant, reason, answer.Detail, roots);
    }

    private void MakeRoomLocked()
    {
        while (_entries.Count >= limits.MaxBundles && _order.TryDequeue(out var oldest))
        {
            _entries.Remove(oldest);
        }
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private sealed class Entry
    {
        /// <summary>Null while it is being fetched.</summary>
        public DateTimeOffset? Expires { get; set; }

        public Task<TenantRoots> Roots { get; set; } = null!;
    }
}
