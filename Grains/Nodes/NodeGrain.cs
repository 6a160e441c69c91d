using Microsoft.Extensions.Logging;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Grains.Inventory;
using OrleansUem.Grains.Sessions;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Nodes;

/// <summary>A node: attach rules as for a device, and the tunnels it carries. Tells its tenant where it is and the tunnels when it is lost.</summary>
public sealed partial class NodeGrain(
    [PersistentState("node")] IPersistentState<AttachState> state,
    GrainOptions options,
    TimeProvider time,
    IInventory inventory,
    ILogger<NodeGrain> logger) : Grain, INodeGrain
{
    private readonly PeerAttachment _attachment = new(state, options, time, inventory, logger);
    private readonly NodeTunnels _tunnels = new(options.MaxTunnelsPerNode);

    private string Name => _attachment.Identity.Name;

    private ITenantGrain Tenant => GrainFactory.GetGrain<ITenantGrain>(GrainKeys.Tenant(_attachment.Identity.Root));

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _attachment.Bind(this.GetPrimaryKeyString(), PeerRole.Node);
        return Task.CompletedTask;
    }

    public async Task<AttachResult> AttachAsync(AttachFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var decision = await _attachment.AttachAsync(facts, GrainFactory);
        if (decision.Replaced is { } old)
        {
            EndTunnels(old, Reason.NodeLost);
        }

        if (decision.Reason == Reason.None)
        {
            await Tenant.NodeAttachedAsync(new AttachedNode { NodeId = Name, Session = facts.Session });
        }

        return PeerAttachment.Answer(decision, facts);
    }

    public async Task DetachAsync(SessionLoss loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        if (_attachment.Detach(loss))
        {
            await LoseAsync(loss.Session, Reason.NodeLost);
        }
    }

    public async Task<NodeAdmitted> AdmitTunnelAsync(NodeAdmission admission)
    {
        ArgumentNullException.ThrowIfNull(admission);
        if (_attachment.State.IsBlocked)
        {
            return new NodeAdmitted { Reason = Reason.CertificateRevoked };
        }

        var session = admission.RecalledSession is { } recalled
            ? _attachment.Confirm(recalled) ? recalled : null
            : (await _attachment.FindAsync(GrainFactory)).Session;
        if (session is null)
        {
            return new NodeAdmitted { Reason = Reason.NodeLost };
        }

        if (!_tunnels.TryAdmit(admission.DeviceId, admission.TunnelId, admission.RecalledSession is not null))
        {
            return new NodeAdmitted { Reason = Reason.TunnelLimit };
        }

        await Tenant.NodeLoadAsync(Name, _tunnels.Count);
        return new NodeAdmitted { Session = session };
    }

    public async Task ReleaseTunnelAsync(string deviceId, ulong tunnelId)
    {
        if (_tunnels.Release(deviceId, tunnelId))
        {
            await Tenant.NodeLoadAsync(Name, _tunnels.Count);
        }
    }

    public async Task DoubtAsync(SessionKey session)
    {
        _attachment.Doubt(session);
        var presence = await _attachment.FindAsync(GrainFactory);
        if (presence.Session is null)
        {
            await LoseAsync(session, Reason.NodeLost);
        }
    }

    public Task<PeerPresence> GetPresenceAsync() => _attachment.FindAsync(GrainFactory);

    public async Task<CutResult> CutAsync(PeerCut cut)
    {
        ArgumentNullException.ThrowIfNull(cut);
        var last = _attachment.State.Last;
        var (result, endsSession) = await _attachment.CutAsync(cut, GrainFactory);
        if (endsSession && last is not null)
        {
            await LoseAsync(last, Reason.NodeLost);
        }

        return result;
    }

    public Task<PeerStatus> GetStatusAsync() => Task.FromResult(_attachment.Status(_tunnels.Count));

    private async Task LoseAsync(SessionKey session, Reason reason)
    {
        EndTunnels(session, reason);
        await Tenant.NodeLostAsync(new AttachedNode { NodeId = Name, Session = session });
    }

    private void EndTunnels(SessionKey session, Reason reason)
    {
        var devices = _tunnels.TakeAll();
        if (devices.Count > 0)
        {
            LogTunnelsLost(devices.Count);
            EndTunnelsAsync(devices, new TunnelEnd { Reason = reason, Session = session }).Ignore();
        }
    }

    // Not awaited by a turn: tunnel grains call this one.
    private async Task EndTunnelsAsync(IReadOnlyList<string> devices, TunnelEnd end)
    {
        var tenant = _attachment.Identity.Root;
        var factory = GrainFactory;
        await BoundedFanOut.ForEachAsync(devices, async device =>
        {
            try
            {
                await factory.GetGrain<ITunnelGrain>(GrainKeys.Device(tenant, new DeviceId(device))).EndAsync(end);
            }
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                // The lease of the device's side ends without it: the node's side is not renewed.
                LogEndFailed(fault);
            }
        });
    }

    [LoggerMessage(3300, LogLevel.Information, "Node session is over; {Tunnels} tunnels end")]
    private partial void LogTunnelsLost(int tunnels);

    [LoggerMessage(3301, LogLevel.Warning, "A tunnel of a lost node could not be told")]
    private partial void LogEndFailed(Exception fault);
}
