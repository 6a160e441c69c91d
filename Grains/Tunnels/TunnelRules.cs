using System.Collections.Immutable;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Tunnels;

/// <summary>
/// The one tunnel of a device. Pure; time is an argument.
/// <code>
///                 Open (new request)                Taken
///   Closed ───────────────────────────▶ Opening ──────────────▶ Open
///     ▲  ▲                               │   ▲                   │  │
///     │  └── Refused, End, Ended ────────┘   └─ Open (new id) ───┘  │
///     └───────────── End, Ended, other side not renewed ────────────┘
///   activation with a tunnel that was not ended: Recalled ── Renew ──▶ Open
/// </code>
/// Every event names a tunnel id; one that is not the newest changes nothing. A tunnel id is never given twice, since it is stored before an edge
/// hears of it.
/// </summary>
internal static class TunnelRules
{
    /// <summary>What a new activation makes of storage: both sides have a whole lifetime to report.</summary>
    internal static TunnelMemory Recall(TunnelState stored, TunnelLimits limits, DateTimeOffset now) => new()
    {
        Stored = stored,
        Phase = stored.LastTunnelId > stored.EndedTunnelId && stored.NodeSession is not null ? TunnelPhase.Recalled : TunnelPhase.Closed,
        DeviceUntil = limits.Until(now),
        NodeUntil = limits.Until(now),
    };

    internal static TunnelStep Open(TunnelMemory memory, TunnelOpen open)
    {
        if (memory.Request is { } request && request.RequestId == open.RequestId && request.Device.Session == open.Device.Session)
        {
            return new(memory, []) { Answer = memory.Answer };
        }

        var effects = ImmutableArray.CreateBuilder<TunnelEffect>();
        EndBothSides(memory, Reason.TunnelReplaced, "The device opened its tunnel again.", effects);
        var next = new TunnelMemory
        {
            Stored = memory.Stored with
            {
                LastTunnelId = memory.Stored.LastTunnelId + 1,
                NodeId = "",
                DeviceSession = open.Device.Session,
                NodeSession = null,
            },
            Phase = TunnelPhase.Opening,
            Request = open,
        };
        return new(next, effects.ToImmutable()) { IsNew = true };
    }

    /// <summary>A node is picked and has admitted the tunnel. The caller stores before it offers.</summary>
    internal static TunnelStep Chosen(TunnelMemory memory, ulong tunnelId, string nodeId, SessionKey session)
    {
        if (!IsOpening(memory, tunnelId))
        {
            return new(memory, [new TunnelEffect.ReleaseNode(nodeId, tunnelId)]);
        }

        var next = memory with { Stored = memory.Stored with { NodeId = nodeId, NodeSession = session } };
        return new(next, [new TunnelEffect.Store()]) { Applied = true };
    }

    /// <summary>The node took the tunnel on a channel.</summary>
    internal static TunnelStep Taken(
        TunnelMemory memory, ulong tunnelId, string nodeId, RouteEndpoint node, string leaseId, TunnelLimits limits, DateTimeOffset now)
    {
        if (!IsOpening(memory, tunnelId) || memory.Stored.NodeSession != node.Session)
        {
            return new(memory, [EndLease(node.Session, tunnelId, Reason.TunnelReplaced, ""), new TunnelEffect.ReleaseNode(nodeId, tunnelId)]);
        }

        var answer = new TunnelOpenResult
        {
            TunnelId = tunnelId,
            NodeId = nodeId,
            Lease = Lease(leaseId, memory.Request!.Device, node, limits),
        };
        var next = memory with
        {
            Phase = TunnelPhase.Open,
            Answer = answer,
            DeviceUntil = limits.Until(now),
            NodeUntil = limits.Until(now),
        };
        return new(next, []) { Applied = true, Answer = answer };
    }

    /// <summary>The chosen node failed: its session no longer stands for the tunnel, so that its loss does not end an attempt with another node.</summary>
    internal static TunnelStep Forsaken(TunnelMemory memory, ulong tunnelId)
    {
        if (!IsOpening(memory, tunnelId))
        {
            return new(memory, []);
        }

        var effects = ImmutableArray.CreateBuilder<TunnelEffect>();
        Release(memory, effects);
        var next = memory with { Stored = memory.Stored with { NodeId = "", NodeSession = null } };
        return new(next, effects.ToImmutable()) { Applied = true };
    }

    /// <summary>No node took it.</summary>
    internal static TunnelStep Refused(TunnelMemory memory, ulong tunnelId, Reason reason, string detail) =>
        IsOpening(memory, tunnelId)
            ? new(Close(memory, reason, detail), [new TunnelEffect.Store()]) { Applied = true }
            : new(memory, []);

    internal static TunnelStep End(TunnelMemory memory, TunnelEnd end)
    {
        var stored = memory.Stored;
        if (memory.Phase == TunnelPhase.Closed
            || (end.TunnelId != 0 && end.TunnelId != stored.LastTunnelId)
            || (end.Session is { } session && session != stored.DeviceSession && session != stored.NodeSession))
        {
            return new(memory, []);
        }

        var effects = ImmutableArray.CreateBuilder<TunnelEffect>();
        effects.Add(new TunnelEffect.Store());
        EndBothSides(memory, end.Reason, end.Detail, effects);
        return new(Close(memory, end.Reason, end.Detail), effects.ToImmutable()) { Applied = true };
    }

    /// <summary>An edge ended a route by itself.</summary>
    internal static TunnelStep Ended(TunnelMemory memory, string edgeId, LeaseUsage report)
    {
        if (memory.Phase == TunnelPhase.Closed || Holder(memory, report, edgeId) is null)
        {
            return new(memory, []);
        }

        var effects = ImmutableArray.CreateBuilder<TunnelEffect>();
        effects.Add(new TunnelEffect.Store());
        var other = report.IsDeviceSide ? memory.Stored.NodeSession : memory.Stored.DeviceSession;
        if (other is not null)
        {
            effects.Add(EndLease(other, report.TunnelId, report.Reason, ""));
        }

        Release(memory, effects);
        var next = Close(memory with { Usage = memory.Usage.With(report) }, report.Reason, "");
        return new(next, effects.ToImmutable()) { Applied = true };
    }

    internal static TunnelStep Renew(TunnelMemory memory, string edgeId, LeaseUsage report, TunnelLimits limits, DateTimeOffset now)
    {
        var stored = memory.Stored;
        if (report.TunnelId < stored.LastTunnelId)
        {
            return Refuse(memory, Reason.TunnelReplaced);
        }

        if (report.TunnelId > stored.LastTunnelId || memory.Phase == TunnelPhase.Closed)
        {
            var end = (Reason)stored.EndReasonCode;
            return Refuse(memory, report.TunnelId == stored.EndedTunnelId && end != Reason.None ? end : Reason.LeaseExpired);
        }

        if (Holder(memory, report, edgeId) is null)
        {
            return Refuse(memory, Reason.NotPermitted);
        }

        if ((report.IsDeviceSide ? memory.NodeUntil : memory.DeviceUntil) < now && memory.Phase != TunnelPhase.Opening)
        {
            var lost = report.IsDeviceSide ? Reason.NodeLost : Reason.DeviceLost;
            var effects = ImmutableArray.CreateBuilder<TunnelEffect>();
            effects.Add(new TunnelEffect.Store());
            Release(memory, effects);
            return new(Close(memory, lost, ""), effects.ToImmutable()) { Verdict = lost, Applied = true };
        }

        var next = memory with
        {
            Phase = memory.Phase == TunnelPhase.Recalled ? TunnelPhase.Open : memory.Phase,
            DeviceUntil = report.IsDeviceSide ? limits.Until(now) : memory.DeviceUntil,
            NodeUntil = report.IsDeviceSide ? memory.NodeUntil : limits.Until(now),
            Usage = memory.Usage.With(report),
        };
        ImmutableArray<TunnelEffect> recall = memory.Phase == TunnelPhase.Recalled
            ? [new TunnelEffect.RecallNode(stored.NodeId, stored.LastTunnelId, stored.NodeSession!)]
            : [];
        return new(next, recall) { Applied = true };
    }

    internal static RouteLease Lease(string leaseId, RouteEndpoint local, RouteEndpoint peer, TunnelLimits limits) => new()
    {
        LeaseId = leaseId,
        Local = local,
        Peer = peer,
        IdleSeconds = (uint)limits.Idle.TotalSeconds,
        ByteLimit = limits.ByteLimit,
        LifetimeSeconds = limits.LifetimeSeconds,
    };

    internal static bool IsOpening(TunnelMemory memory, ulong tunnelId) =>
        memory.Phase == TunnelPhase.Opening && memory.Stored.LastTunnelId == tunnelId;

    private static TunnelStep Refuse(TunnelMemory memory, Reason reason) => new(memory, []) { Verdict = reason };

    /// <summary>The session that has the reported lease, if the reporting edge is the one that got it.</summary>
    private static SessionKey? Holder(TunnelMemory memory, LeaseUsage report, string edgeId)
    {
        var session = report.IsDeviceSide ? memory.Stored.DeviceSession : memory.Stored.NodeSession;
        return report.TunnelId == memory.Stored.LastTunnelId && session?.EdgeId == edgeId ? session : null;
    }

    private static TunnelMemory Close(TunnelMemory memory, Reason reason, string detail) => memory with
    {
        Phase = TunnelPhase.Closed,
        Answer = new TunnelOpenResult { Reason = reason, Detail = detail, TunnelId = memory.Stored.LastTunnelId },
        Stored = memory.Stored with { EndedTunnelId = memory.Stored.LastTunnelId, EndReasonCode = (int)reason },
    };

    private static void EndBothSides(TunnelMemory memory, Reason reason, string detail, ImmutableArray<TunnelEffect>.Builder effects)
    {
        var stored = memory.Stored;
        if (memory.Phase == TunnelPhase.Closed)
        {
            return;
        }

        // While Opening the device's edge has no lease yet: it gets the answer to its OPEN.
        var device = memory.Phase == TunnelPhase.Opening ? null : stored.DeviceSession;
        if (device is not null)
        {
            effects.Add(EndLease(device, stored.LastTunnelId, reason, detail));
        }

        if (stored.NodeSession is { } node && node.EdgeId != device?.EdgeId)
        {
            effects.Add(EndLease(node, stored.LastTunnelId, reason, detail));
        }

        Release(memory, effects);
    }

    private static void Release(TunnelMemory memory, ImmutableArray<TunnelEffect>.Builder effects)
    {
        if (memory.Stored.NodeSession is not null)
        {
            effects.Add(new TunnelEffect.ReleaseNode(memory.Stored.NodeId, memory.Stored.LastTunnelId));
        }
    }

    private static TunnelEffect.EndLease EndLease(SessionKey session, ulong tunnelId, Reason reason, string detail) =>
        new(session.EdgeId, tunnelId, reason, detail);
}
