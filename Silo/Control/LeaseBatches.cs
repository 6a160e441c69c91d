using System.Collections.Immutable;
using Google.Protobuf.Collections;
using Microsoft.Extensions.Logging;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Silo.Control;

/// <summary>Serves RenewLeases and TunnelsEnded: reports grouped for each tunnel grain, a bounded number of grains at a time.</summary>
internal sealed partial class LeaseBatches(TenantGate tenants, IGrainFactory grains, ILogger<LeaseBatches> logger)
{
    /// <summary>
    /// Renews. A refusal ends the route at the edge, so only grains refuse: a report that could not be judged (storage, time-out, load) is left out of
    /// the answer, and the edge tries again while the lease lives.
    /// </summary>
    public async Task<ControlAnswer> RenewAsync(EdgeGuard guard, LookupMeter meter, RenewLeases request)
    {
        var refusal = TryGroup(request.Leases, out var groups, out var unreadable);
        if (refusal.IsRefused)
        {
            return refusal.ToAnswer();
        }

        var renewed = new LeasesRenewed();
        foreach (var leaseId in unreadable)
        {
            renewed.Leases.Add(new LeaseRenewal { LeaseId = leaseId, Reason = (uint)Reason.NotPermitted });
        }

        await ForEachAsync(groups, async group =>
        {
            var verdicts = await JudgeAsync(guard, meter, group);
            lock (renewed)
            {
                for (var i = 0; i < Math.Min(verdicts.Length, group.LeaseIds.Count); i++)
                {
                    renewed.Leases.Add(new LeaseRenewal
                    {
                        LeaseId = group.LeaseIds[i],
                        Reason = (uint)verdicts[i].Reason,
                        LifetimeSeconds = verdicts[i].LifetimeSeconds,
                    });
                }
            }
        });
        return new ControlAnswer { LeasesRenewed = renewed };
    }

    /// <summary>Takes the reports of ends. A report that can't be read is dropped: there is no tunnel of such a name.</summary>
    public async Task<ControlAnswer> EndedAsync(EdgeGuard guard, LookupMeter meter, TunnelsEnded request)
    {
        var refusal = TryGroup(request.Leases, out var groups, out _);
        if (refusal.IsRefused)
        {
            return refusal.ToAnswer();
        }

        var failed = 0;
        await ForEachAsync(groups, async group =>
        {
            var reason = await tenants.AdmitAsync(group.Tenant, meter);
            if (reason == Reason.None)
            {
                await grains.GetGrain<ITunnelGrain>(group.TunnelKey).EndedAsync(group.ToReports(guard));
            }
            else if (reason == Reason.Overloaded)
            {
                Interlocked.Increment(ref failed);
            }
        });

        // The edge sends the batch again: ends are idempotent.
        return failed == 0 ? new ControlAnswer() : new ControlRefusal(Reason.Overloaded, "Too many unknown tenants.").ToAnswer();
    }

    private async Task<ImmutableArray<LeaseVerdict>> JudgeAsync(EdgeGuard guard, LookupMeter meter, Group group)
    {
        try
        {
            var reason = await tenants.AdmitAsync(group.Tenant, meter);
            return reason switch
            {
                Reason.None => await grains.GetGrain<ITunnelGrain>(group.TunnelKey).RenewAsync(group.ToReports(guard)),
                Reason.Overloaded => [],
                _ => [.. group.LeaseIds.Select(_ => new LeaseVerdict { Reason = reason })],
            };
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Storage or a time-out of one grain: the others of the batch are not to suffer.
            LogRenewFailed(logger, e, guard.Edge.Text);
            return [];
        }
    }

    private static ControlRefusal TryGroup(RepeatedField<LeaseReport> reports, out List<Group> groups, out List<string> unreadable)
    {
        groups = [];
        unreadable = [];
        if (reports.Count > EdgeGuardLimits.MaxLeases)
        {
            return ControlRefusal.Malformed($"More than {EdgeGuardLimits.MaxLeases} leases.");
        }

        var open = new Dictionary<string, Group>(StringComparer.Ordinal);
        foreach (var report in reports)
        {
            if (!EdgeGuard.TryReadLease(report, out var tunnelKey, out var usage))
            {
                unreadable.Add(report.LeaseId);
                continue;
            }

            if (!open.TryGetValue(tunnelKey, out var group) || group.Usages.Count == EdgeGuardLimits.MaxLeasesPerTunnel)
            {
                group = new Group(tunnelKey);
                open[tunnelKey] = group;
                groups.Add(group);
            }

            group.LeaseIds.Add(report.LeaseId);
            group.Usages.Add(usage);
        }

        return ControlRefusal.None;
    }

    private static Task ForEachAsync(List<Group> groups, Func<Group, Task> action) => Parallel.ForEachAsync(
        groups,
        new ParallelOptions { MaxDegreeOfParallelism = EdgeGuardLimits.BatchParallelism },
        async (group, _) => await action(group));

    private sealed class Group(string tunnelKey)
    {
        public string TunnelKey => tunnelKey;

        public Protocol.Ids.TenantId Tenant { get; } =
            GrainKeys.TryParsePeer(tunnelKey, out var tenant, out _) ? tenant : default;

        public List<string> LeaseIds { get; } = [];

        public List<LeaseUsage> Usages { get; } = [];

        public LeaseReports ToReports(EdgeGuard guard) => new() { EdgeId = guard.Edge.Text, Leases = [.. Usages] };
    }
}
