using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Forwarding;

/// <summary>
/// All leases of the edge: installs, renews and ends routes, tells the ends and collects reports. Time is an argument. The lock is for control only;
/// the data path goes from a session's channel table to a route and never through here.
/// </summary>
internal sealed class RouteTable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string LeaseId, bool IsFromDevice), Route> _routes = [];
    private readonly PeerFinder _findPeer;
    private readonly Action<LeaseReport> _report;

    /// <summary>Finds the channel that a route leads to; the one place that knows where peers may be.</summary>
    /// <returns>None and the slot, or why it can't be reached.</returns>
    public delegate Reason PeerFinder(RouteEnd end, out ChannelSlot? slot, out string detail);

    /// <param name="findPeer">Finds the far end.</param>
    /// <param name="report">Takes the report of each end; called under the table's lock, must only enqueue.</param>
    public RouteTable(PeerFinder findPeer, Action<LeaseReport> report)
    {
        _findPeer = findPeer;
        _report = report;
    }

    /// <summary>Routes installed: one for each direction that begins on this edge.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _routes.Count;
            }
        }
    }

    /// <summary>Installs a lease. The same lease again extends it.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="local">The local end.</param>
    /// <param name="isFromDevice">Whether that is the device's.</param>
    /// <param name="now">The time.</param>
    /// <param name="detail">Why not, for people.</param>
    /// <returns>None, or why not; then nothing is installed.</returns>
    public Reason TryInstall(Lease? lease, ChannelSlot local, bool isFromDevice, TimeSpan now, out string detail)
    {
        detail = "";
        if (lease is null || lease.LeaseId.Length is 0 or > LeaseLimits.MaxLeaseIdCharacters || lease.Peer is null)
        {
            detail = "The lease is malformed.";
            return Reason.MalformedFrame;
        }

        lock (_lock)
        {
            if (_routes.TryGetValue((lease.LeaseId, isFromDevice), out var known) && known.Local == local)
            {
                known.Extend(lease.LifetimeSeconds, now);
                return Reason.None;
            }

            var reason = _findPeer(lease.Peer, out var peer, out detail);
            if (reason != Reason.None)
            {
                return reason;
            }

            if (local.Owner.IsEnded || peer!.Owner.IsEnded)
            {
                return local.Owner.IsEnded == isFromDevice ? Reason.DeviceLost : Reason.NodeLost;
            }

            if (local.Owner.Channels.Find(local.Channel, out _) != local)
            {
                detail = "The channel was closed meanwhile.";
                return isFromDevice ? Reason.ClosedByDevice : Reason.ClosedByNode;
            }

            // Frames of one tunnel never enter the channel of another, whatever the lease says.
            if ((peer.Route is { } back && back.LeaseId != lease.LeaseId) || (peer.Incoming is { } other && other.LeaseId != lease.LeaseId))
            {
                detail = "The far end's channel is another tunnel's.";
                return Reason.NotAttached;
            }

            // The lease goes on, with another end: the one before is told, but not reported, since the report would end the lease.
            EndRouteLocked((lease.LeaseId, isFromDevice), Reason.TunnelReplaced, "", silent: null, isReported: false);
            var route = new Route(lease, isFromDevice, local, peer, now);
            _routes[(lease.LeaseId, isFromDevice)] = route;
            peer.Incoming = route;
            local.Route = route;
            return Reason.None;
        }
    }

    /// <summary>Finds the channel of a route of <paramref name="owner"/> that is installed.</summary>
    public bool TryGetChannel(string leaseId, bool isFromDevice, ITunnelPeer owner, out Channel channel)
    {
        lock (_lock)
        {
            var found = _routes.TryGetValue((leaseId, isFromDevice), out var route) && route.Local.Owner == owner;
            channel = found ? route!.Local.Channel : default;
            return found;
        }
    }

    /// <summary>Ends both directions of a lease as far as they are here.</summary>
    /// <param name="leaseId">The lease.</param>
    /// <param name="reason">Why; reported and told to both ends by CLOSETUNNEL.</param>
    /// <param name="detail">For people.</param>
    /// <param name="silent">An end that is not told, since it said so itself or is gone; null: none.</param>
    public void EndLease(string leaseId, Reason reason, string detail, ITunnelPeer? silent = null)
    {
        lock (_lock)
        {
            EndLeaseLocked(leaseId, reason, detail, silent);
        }
    }

    /// <summary>Ends the tunnel that a channel belongs to and releases the channel.</summary>
    public void EndSlot(ChannelSlot slot, Reason reason, string detail, ITunnelPeer? silent)
    {
        lock (_lock)
        {
            EndSlotLocked(slot, reason, detail, silent);
        }
    }

    /// <summary>Ends all tunnels of a session. <see cref="ITunnelPeer.IsEnded"/> must be set before.</summary>
    public void EndSession(ITunnelPeer session, Reason reason, string detail)
    {
        lock (_lock)
        {
            foreach (var slot in session.Channels.ToArray())
            {
                EndSlotLocked(slot, reason, detail, session);
            }
        }
    }

    /// <summary>Ends all leases whose id begins with <paramref name="prefix"/>: those of a tenant or device.</summary>
    public void EndPrefix(string prefix, Reason reason)
    {
        lock (_lock)
        {
            foreach (var id in _routes.Keys.Select(key => key.LeaseId).Where(id => id.StartsWith(prefix, StringComparison.Ordinal)).ToArray())
            {
                EndLeaseLocked(id, reason, "", silent: null);
            }
        }
    }

    /// <summary>
    /// Ends what is over and collects what is to be renewed. A lease ends at the last tick before its end rather than the first one after
    /// it: the lifetime is a promise to whoever cut it.
    /// </summary>
    /// <param name="now">The time.</param>
    /// <param name="due">Gets a report for each lease to be renewed; it is due again after <see cref="LeaseLimits.RenewalRetry"/>.</param>
    public void Tick(TimeSpan now, ICollection<LeaseReport> due)
    {
        lock (_lock)
        {
            foreach (var route in _routes.Values)
            {
                route.Observe(now);
            }

            foreach (var route in _routes.Values.ToArray())
            {
                var reason = EndOf(route, now);
                if (reason != Reason.None)
                {
                    EndLeaseLocked(route.LeaseId, reason, "", silent: null);
                }
                else if ((now >= route.RenewAt || route.IsPathNews(now)) && route.EndReason == Reason.None)
                {
                    var report = route.Report(Reason.None);
                    route.RenewAt = now + LeaseLimits.RenewalRetry;
                    route.NoteReported(report, now);
                    due.Add(report);
                }
            }
        }
    }

    /// <summary>A grain renewed a lease, or did not.</summary>
    public void Apply(LeaseRenewal renewal, TimeSpan now)
    {
        lock (_lock)
        {
            var reason = ReasonText.FromWire(renewal.Reason);
            if (reason != Reason.None)
            {
                EndLeaseLocked(renewal.LeaseId, reason, "", silent: null);
                return;
            }

            foreach (var isFromDevice in (ReadOnlySpan<bool>)[true, false])
            {
                if (_routes.TryGetValue((renewal.LeaseId, isFromDevice), out var route))
                {
                    route.Extend(renewal.LifetimeSeconds, now);
                }
            }
        }
    }

    private static Reason EndOf(Route route, TimeSpan now) =>
        now + LeaseLimits.TickPeriod > route.Expires ? Reason.LeaseExpired
        : route.IsOverLimit ? Reason.ByteLimit
        : route.IdleLimit > TimeSpan.Zero && now - route.LastUse >= route.IdleLimit ? Reason.Idle
        : Reason.None;

    private void EndSlotLocked(ChannelSlot slot, Reason reason, string detail, ITunnelPeer? silent)
    {
        if (slot.Route is { } outgoing)
        {
            EndLeaseLocked(outgoing.LeaseId, reason, detail, silent);
        }

        if (slot.Incoming is { } incoming)
        {
            EndLeaseLocked(incoming.LeaseId, reason, detail, silent);
        }

        slot.Owner.Channels.Release(slot);
    }

    private void EndLeaseLocked(string leaseId, Reason reason, string detail, ITunnelPeer? silent)
    {
        EndRouteLocked((leaseId, true), reason, detail, silent);
        EndRouteLocked((leaseId, false), reason, detail, silent);
    }

    private void EndRouteLocked(
        (string LeaseId, bool IsFromDevice) key, Reason reason, string detail, ITunnelPeer? silent, bool isReported = true)
    {
        if (!_routes.Remove(key, out var route) || !route.TryEnd(reason))
        {
            return;
        }

        var local = route.Local;
        local.Owner.Channels.Release(local);
        if (route.Peer.Incoming == route)
        {
            route.Peer.Incoming = null;
        }

        if (local.Owner != silent && !local.Owner.IsEnded)
        {
            local.Owner.TrySend(FrameType.CloseTunnel, local.Channel, new CloseTunnel { Reason = (uint)reason, Detail = detail });
        }

        if (isReported)
        {
            _report(route.Report(reason));
        }
    }
}
