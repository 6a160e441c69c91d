using Microsoft.Extensions.Logging;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Grains.Inventory;
using OrleansUem.Grains.Sessions;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Devices;

/// <summary>A managed device: its generations and revocation are stored, its presence is a cache. Tells its tunnel when its session is over.</summary>
public sealed class DeviceGrain(
    [PersistentState("device")] IPersistentState<AttachState> state,
    GrainOptions options,
    TimeProvider time,
    IInventory inventory,
    ILogger<DeviceGrain> logger) : Grain, IDeviceGrain
{
    private readonly PeerAttachment _attachment = new(state, options, time, inventory, logger);

    private ITunnelGrain Tunnel => GrainFactory.GetGrain<ITunnelGrain>(this.GetPrimaryKeyString());

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _attachment.Bind(this.GetPrimaryKeyString(), PeerRole.Device);
        return Task.CompletedTask;
    }

    public async Task<AttachResult> AttachAsync(AttachFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var decision = await _attachment.AttachAsync(facts, GrainFactory);
        if (decision.Replaced is { } old)
        {
            await Tunnel.EndAsync(new TunnelEnd { Reason = Reason.DeviceLost, Session = old });
        }

        return PeerAttachment.Answer(decision, facts);
    }

    public async Task DetachAsync(SessionLoss loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        if (_attachment.Detach(loss))
        {
            await Tunnel.EndAsync(new TunnelEnd { Reason = Reason.DeviceLost, Session = loss.Session });
        }
    }

    public async Task<TunnelOpenResult> OpenTunnelAsync(TunnelOpen open)
    {
        ArgumentNullException.ThrowIfNull(open);
        if (_attachment.State.IsBlocked)
        {
            return new TunnelOpenResult { Reason = Reason.CertificateRevoked };
        }

        return _attachment.Confirm(open.Device.Session)
            ? await Tunnel.OpenAsync(open)
            : new TunnelOpenResult { Reason = Reason.NotAttached, Detail = "This is not the device's session." };
    }

    public Task<PeerPresence> GetPresenceAsync() => _attachment.FindAsync(GrainFactory);

    public async Task<CutResult> CutAsync(PeerCut cut)
    {
        ArgumentNullException.ThrowIfNull(cut);
        var last = _attachment.State.Last;
        var (result, endsSession) = await _attachment.CutAsync(cut, GrainFactory);
        if (endsSession && last is not null)
        {
            await Tunnel.EndAsync(new TunnelEnd { Reason = Reason.CutByAdmin, Session = last });
        }

        return result;
    }

    public async Task<PeerStatus> GetStatusAsync()
    {
        var tunnel = await Tunnel.GetStatusAsync();
        return _attachment.Status(tunnel.Phase == TunnelPhase.Closed ? 0 : 1);
    }
}
