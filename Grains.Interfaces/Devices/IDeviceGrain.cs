namespace OrleansUem.Grains.Interfaces;

/// <summary>
/// A managed device, key <c>TENANT/DEVICE</c>. Owns its generations, its revocation and what is known of its presence; its tunnel is
/// <see cref="ITunnelGrain"/> with the same key. Called by the control link of the device's edge and by the administrator.
/// </summary>
[Alias("uem.IDeviceGrain")]
public interface IDeviceGrain : IGrainWithStringKey
{
    /// <summary>
    /// Judges an attach. Idempotent: the same facts again get the same answer. On return with None the generation is durable, and an older session on
    /// another edge is being ended. Refuses with StaleGeneration, CertificateSuperseded, CertificateRevoked.
    /// </summary>
    /// <param name="facts">What the silo verified.</param>
    /// <returns>The judgement.</returns>
    [Alias("Attach")]
    Task<AttachResult> AttachAsync(AttachFacts facts);

    /// <summary>The edge reports an end. Idempotent; does nothing unless it is the session that the grain knows. Nothing is durable.</summary>
    /// <param name="loss">The session and why.</param>
    /// <returns>A task.</returns>
    [Alias("Detach")]
    Task DetachAsync(SessionLoss loss);

    /// <summary>
    /// Opens the device's tunnel. Idempotent by session and request id. Refuses with NotAttached, CertificateRevoked, NoNode, NodeRefused, TunnelLimit,
    /// ControlTimeout; interleaves, since the node's answer may take seconds and an attach must not wait for it.
    /// </summary>
    /// <param name="open">The OPEN with the session that it came from.</param>
    /// <returns>The device's lease, or why not.</returns>
    [Alias("OpenTunnel"), AlwaysInterleave]
    Task<TunnelOpenResult> OpenTunnelAsync(TunnelOpen open);

    /// <summary>Where the device is; asks all edges when this activation has not heard of it.</summary>
    /// <returns>Its presence.</returns>
    [Alias("GetPresence")]
    Task<PeerPresence> GetPresenceAsync();

    /// <summary>
    /// An administrator's cut. Durable before an edge is told; the result counts acknowledgements within the cut timeout. Idempotent in effect.
    /// </summary>
    /// <param name="cut">The order.</param>
    /// <returns>How far it went.</returns>
    [Alias("Cut")]
    Task<CutResult> CutAsync(PeerCut cut);

    /// <summary>What the grain knows without asking anybody.</summary>
    /// <returns>The status.</returns>
    [Alias("GetStatus"), AlwaysInterleave]
    Task<PeerStatus> GetStatusAsync();
}
