namespace OrleansUem.Grains.Interfaces;

/// <summary>
/// A node of an organisation, key <c>TENANT/NODE</c>. Same attach rules as a device; counts the tunnels it carries and ends them when its session is
/// lost. Called by the control link of the node's edge, by tunnel grains and by the administrator.
/// </summary>
[Alias("uem.INodeGrain")]
public interface INodeGrain : IGrainWithStringKey
{
    /// <summary>Judges an attach; as <see cref="IDeviceGrain.AttachAsync"/>. Tunnels of an older session end with NodeLost.</summary>
    /// <param name="facts">What the silo verified.</param>
    /// <returns>The judgement.</returns>
    [Alias("Attach")]
    Task<AttachResult> AttachAsync(AttachFacts facts);

    /// <summary>The edge reports an end; as <see cref="IDeviceGrain.DetachAsync"/>. The node's tunnels end with NodeLost.</summary>
    /// <param name="loss">The session and why.</param>
    /// <returns>A task.</returns>
    [Alias("Detach")]
    Task DetachAsync(SessionLoss loss);

    /// <summary>Takes a tunnel on. Idempotent by device and tunnel id; a later id of the same device replaces the earlier one. Nothing is durable.</summary>
    /// <param name="admission">The tunnel.</param>
    /// <returns>The node's session, or TunnelLimit or NodeLost.</returns>
    [Alias("AdmitTunnel")]
    Task<NodeAdmitted> AdmitTunnelAsync(NodeAdmission admission);

    /// <summary>A tunnel ended. Idempotent; an id that is not the device's current one is ignored.</summary>
    /// <param name="deviceId">The device.</param>
    /// <param name="tunnelId">The tunnel.</param>
    /// <returns>A completed task.</returns>
    [Alias("ReleaseTunnel"), OneWay]
    Task ReleaseTunnelAsync(string deviceId, ulong tunnelId);

    /// <summary>An edge did not know the session when a tunnel was offered to it. The grain asks the edges before it believes any session again.</summary>
    /// <param name="session">The session that was not there.</param>
    /// <returns>A task.</returns>
    [Alias("Doubt")]
    Task DoubtAsync(SessionKey session);

    /// <summary>Where the node is; asks all edges when this activation has not heard of it.</summary>
    /// <returns>Its presence.</returns>
    [Alias("GetPresence")]
    Task<PeerPresence> GetPresenceAsync();

    /// <summary>An administrator's cut; as <see cref="IDeviceGrain.CutAsync"/>.</summary>
    /// <param name="cut">The order.</param>
    /// <returns>How far it went.</returns>
    [Alias("Cut")]
    Task<CutResult> CutAsync(PeerCut cut);

    /// <summary>What the grain knows without asking anybody.</summary>
    /// <returns>The status.</returns>
    [Alias("GetStatus"), AlwaysInterleave]
    Task<PeerStatus> GetStatusAsync();
}
