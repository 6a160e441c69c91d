using Google.Protobuf;
using OrleansUem.Grains.Edges;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Silo.Enrolment;
using Body = OrleansUem.Protocol.Messages.ControlRequest.BodyOneofCase;

namespace OrleansUem.Silo.Control;

/// <summary>What an edge may ask, each request checked by <see cref="EdgeGuard"/> and then carried to its grain. Shared by all links. README "What an edge may ask".</summary>
internal sealed class EdgeRequests(
    TenantGate tenants, AttachVerifier attaches, LeaseBatches leases, TenantRegistrar registrar, IGrainFactory grains)
{
    /// <summary>Serves one request other than LinkStart.</summary>
    /// <param name="guard">The link's guard.</param>
    /// <param name="meter">The link's meter of tenant lookups.</param>
    /// <param name="request">The request.</param>
    /// <returns>The answer, without an id.</returns>
    public Task<ControlAnswer> HandleAsync(EdgeGuard guard, LookupMeter meter, ControlRequest request) => request.BodyCase switch
    {
        Body.TenantBundle => GetBundleAsync(guard, request.TenantBundle),
        Body.Attach => attaches.AttachAsync(guard, request.Attach),
        Body.SessionsEnded => EndSessionsAsync(guard, meter, request.SessionsEnded),
        Body.OpenTunnel => OpenAsync(guard, meter, request.OpenTunnel),
        Body.RenewLeases => leases.RenewAsync(guard, meter, request.RenewLeases),
        Body.TunnelsEnded => leases.EndedAsync(guard, meter, request.TunnelsEnded),
        Body.Enrol => EnrolAsync(guard, request.Enrol),
        Body.RegisterTenant => registrar.RegisterAsync(request.RegisterTenant),
        _ => Task.FromResult(new ControlRefusal(Reason.UnexpectedFrame, "").ToAnswer()),
    };

    private async Task<ControlAnswer> GetBundleAsync(EdgeGuard guard, TenantBundleRequest request)
    {
        var refusal = guard.CheckBundle(request, out var tenant);
        if (refusal.IsRefused)
        {
            return refusal.ToAnswer();
        }

        var roots = await tenants.GetRootsAsync(tenant);
        if (roots.Reason != Reason.None)
        {
            return new ControlRefusal(roots.Reason, "").ToAnswer();
        }

        var bundle = new TenantBundle { LifetimeSeconds = roots.LifetimeSeconds };
        bundle.Roots.AddRange(roots.Roots.Select(root => ByteString.CopyFrom(root.Span)));
        return new ControlAnswer { TenantBundle = bundle };
    }

    private async Task<ControlAnswer> EndSessionsAsync(EdgeGuard guard, LookupMeter meter, SessionsEnded request)
    {
        if (request.Sessions.Count > EdgeGuardLimits.MaxSessions)
        {
            return ControlRefusal.Malformed($"More than {EdgeGuardLimits.MaxSessions} sessions.").ToAnswer();
        }

        var ends = new List<(PeerIdentity Peer, SessionEnded Ended)>();
        foreach (var ended in request.Sessions)
        {
            var refusal = EdgeGuard.CheckEnded(ended, out var peer);
            if (refusal.IsRefused)
            {
                return refusal.ToAnswer();
            }

            ends.Add((peer, ended));
        }

        var postponed = 0;
        await Parallel.ForEachAsync(ends, new ParallelOptions { MaxDegreeOfParallelism = EdgeGuardLimits.BatchParallelism }, async (end, _) =>
        {
            var reason = await tenants.AdmitAsync(end.Peer.Root, meter);
            if (reason is Reason.None or Reason.CutByAdmin)
            {
                await DetachAsync(guard, end.Peer, end.Ended);
            }
            else if (reason == Reason.Overloaded)
            {
                Interlocked.Increment(ref postponed);
            }
        });
        return postponed == 0 ? new ControlAnswer() : new ControlRefusal(Reason.Overloaded, "Too many unknown tenants.").ToAnswer();
    }

    private Task DetachAsync(EdgeGuard guard, PeerIdentity peer, SessionEnded ended)
    {
        var loss = new SessionLoss { Session = guard.Session(ended.SessionId, ended.Generation), Reason = ReasonText.FromWire(ended.Reason) };
        var key = GrainKeys.Peer(peer);
        return peer.Role == PeerRole.Device
            ? grains.GetGrain<IDeviceGrain>(key).DetachAsync(loss)
            : grains.GetGrain<INodeGrain>(key).DetachAsync(loss);
    }

    private async Task<ControlAnswer> OpenAsync(EdgeGuard guard, LookupMeter meter, OpenTunnel request)
    {
        var refusal = EdgeGuard.CheckOpen(request, out var device);
        if (refusal.IsRefused)
        {
            return refusal.ToAnswer();
        }

        var reason = await tenants.AdmitAsync(device.Root, meter);
        if (reason != Reason.None)
        {
            return new ControlRefusal(reason, "").ToAnswer();
        }

        var result = await grains.GetGrain<IDeviceGrain>(GrainKeys.Peer(device)).OpenTunnelAsync(new TunnelOpen
        {
            Device = new RouteEndpoint { Session = guard.Session(request.SessionId, request.Generation), Channel = request.Channel },
            RequestId = request.RequestId,
            NodeId = request.NodeId,
        });
        return result.Reason != Reason.None || result.Lease is null
            ? new ControlRefusal(result.Reason == Reason.None ? Reason.InternalError : result.Reason, result.Detail).ToAnswer()
            : new ControlAnswer
            {
                TunnelOpened = new TunnelOpened { TunnelId = result.TunnelId, NodeId = result.NodeId, Lease = WireForms.ToWire(result.Lease) },
            };
    }

    private async Task<ControlAnswer> EnrolAsync(EdgeGuard guard, EnrolDevice request)
    {
        var refusal = guard.CheckEnrol(request, out var tenant);
        if (refusal.IsRefused)
        {
            return refusal.ToAnswer();
        }

        var result = await grains.GetGrain<ITenantGrain>(GrainKeys.Tenant(tenant)).EnrolAsync(new EnrolmentRequest { Enrol = request.Enrol.Memory });
        return result.Reason != Reason.None
            ? new ControlRefusal(result.Reason, result.Detail).ToAnswer()
            : new ControlAnswer { Enrolled = new EnrolledDevice { Answer = ByteString.CopyFrom(result.Answer.Span) } };
    }
}
