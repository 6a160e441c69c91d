using System.Collections.Immutable;
using OrleansUem.Grains.Edges;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Tunnels;

public sealed partial class TunnelGrain
{
    /// <summary>Opens one tunnel id: pick a node, let it admit, store, offer. A node that fails is left out of the next attempt.</summary>
    private sealed class TunnelOpener(TunnelGrain grain, TunnelOpen open, ulong tunnelId)
    {
        /// <summary>Two node answers fit into the 10 s that a control request has.</summary>
        private const int MaxAttempts = 2;

        private readonly string _leaseId = GrainKeys.Lease(grain._key, tunnelId);
        private ImmutableArray<string> _except = [];
        private Reason _reason = Reason.NoNode;
        private string _detail = "No node of the tenant is attached.";

        internal async Task<TunnelOpenResult> RunAsync()
        {
            for (var attempt = 0; attempt < MaxAttempts && IsCurrent; attempt++)
            {
                var picked = await grain.Tenant.PickNodeAsync(new NodeChoice { NodeId = open.NodeId, Except = _except });
                if (picked.Reason != Reason.None)
                {
                    // A later attempt finds no further node; the reason of the one that failed says more.
                    _reason = attempt == 0 ? picked.Reason : _reason;
                    break;
                }

                _except = _except.Add(picked.NodeId);
                if (await TryNodeAsync(picked.NodeId) is { } answer)
                {
                    return answer;
                }
            }

            await grain.Apply(TunnelRules.Refused(grain._memory, tunnelId, _reason, _detail));
            return Outcome();
        }

        private bool IsCurrent => TunnelRules.IsOpening(grain._memory, tunnelId);

        private async Task<TunnelOpenResult?> TryNodeAsync(string nodeId)
        {
            var admitted = await grain.Node(nodeId).AdmitTunnelAsync(new NodeAdmission { DeviceId = grain._device, TunnelId = tunnelId });
            if (admitted.Session is not { } session)
            {
                (_reason, _detail) = (admitted.Reason, $"Node {nodeId} does not take the tunnel.");
                return null;
            }

            var chosen = TunnelRules.Chosen(grain._memory, tunnelId, nodeId, session);
            await grain.Apply(chosen);
            if (!chosen.Applied || !IsCurrent)
            {
                return Outcome();
            }

            var lease = TunnelRules.Lease(_leaseId, new RouteEndpoint { Session = session, Channel = 0 }, open.Device, grain._limits);
            var answer = await grain.GrainFactory.GetGrain<IEdgeGrain>(session.EdgeId).AskAsync(new EdgeQuestion
            {
                Body = ControlBodies.OfferTunnel(grain._device, tunnelId, lease),
                TimeoutMs = (int)grain.NodeAnswerTimeout.TotalMilliseconds,
            });
            if (answer.Reason == Reason.None && ControlBodies.TryParse(answer) is { TunnelTaken: { Channel: > 0 } taken })
            {
                var node = new RouteEndpoint { Session = session, Channel = taken.Channel };
                var step = TunnelRules.Taken(grain._memory, tunnelId, nodeId, node, _leaseId, grain._limits, grain.Now);
                await grain.Apply(step);
                return step.Answer ?? Outcome();
            }

            await GiveUpAsync(nodeId, session, answer);
            return null;
        }

        private async Task GiveUpAsync(string nodeId, SessionKey session, EdgeAnswer answer)
        {
            grain.LogNodeFailed(tunnelId, answer.Reason);
            await grain.Apply(TunnelRules.Forsaken(grain._memory, tunnelId));
            switch (answer.Reason)
            {
                case Reason.NotAttached or Reason.NodeLost or Reason.NoSilo:
                    (_reason, _detail) = (Reason.NodeLost, $"Node {nodeId} is not where it was.");
                    await grain.Node(nodeId).DoubtAsync(session);
                    break;
                case Reason.None:
                    (_reason, _detail) = (Reason.InternalError, "The node's edge gave an answer that is none.");
                    break;
                default:
                    (_reason, _detail) = (answer.Reason, answer.Detail);
                    break;
            }

            if (answer.Reason is Reason.None or Reason.ControlTimeout)
            {
                // The edge may hold the lease all the same.
                grain.DoAsync(new TunnelEffect.EndLease(session.EdgeId, tunnelId, Reason.ControlTimeout, "")).Ignore();
            }
        }

        /// <summary>What became of this id: refused, ended meanwhile, or replaced by a later one.</summary>
        private TunnelOpenResult Outcome() =>
            grain._memory.Stored.LastTunnelId == tunnelId && grain._memory.Answer is { } answer
                ? answer
                : new TunnelOpenResult { Reason = Reason.TunnelReplaced, TunnelId = tunnelId };
    }

    private ITenantGrain Tenant => GrainFactory.GetGrain<ITenantGrain>(GrainKeys.Tenant(_tenant));

    private TimeSpan NodeAnswerTimeout => options.NodeAnswerTimeout;

    private DateTimeOffset Now => time.GetUtcNow();
}
