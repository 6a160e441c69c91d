namespace OrleansUem.Grains.Interfaces;

/// <summary>
/// An organisation, key its <c>TenantId</c>. Holds its root, knows which of its nodes are attached and picks one for a tunnel or an enrolment. Called
/// by control links (after the tenant tag was checked), by node and tunnel grains and by the administrator.
/// </summary>
[Alias("uem.ITenantGrain")]
public interface ITenantGrain : IGrainWithStringKey
{
    /// <summary>
    /// Registers the tenant. The silo has checked the invitation and the proof of possession; the grain checks that the root's key is the one that
    /// its own key names. Idempotent: the same root again updates the name. Durable on return.
    /// </summary>
    /// <param name="registration">The root and the name.</param>
    /// <returns>None, BadRequest or CutByAdmin.</returns>
    [Alias("Register")]
    Task<TenantAdmission> RegisterAsync(TenantRegistration registration);

    /// <summary>The roots that devices and nodes chain to. Asked for at every attach.</summary>
    /// <returns>The roots, or UnknownTenant or CutByAdmin.</returns>
    [Alias("GetRoots"), AlwaysInterleave]
    Task<TenantRoots> GetRootsAsync();

    /// <summary>A node's session began. Called by the node grain. Durable only for a node that the tenant has not seen before.</summary>
    /// <param name="node">The node and its session.</param>
    /// <returns>A task.</returns>
    [Alias("NodeAttached")]
    Task NodeAttachedAsync(AttachedNode node);

    /// <summary>A node's session ended. Idempotent; ignored unless it is the session that the tenant knows.</summary>
    /// <param name="node">The node and the session that ended.</param>
    /// <returns>A task.</returns>
    [Alias("NodeLost")]
    Task NodeLostAsync(AttachedNode node);

    /// <summary>How many tunnels a node carries; for picking the least loaded. Best effort.</summary>
    /// <param name="nodeId">The node.</param>
    /// <param name="tunnels">Its tunnels.</param>
    /// <returns>A completed task.</returns>
    [Alias("NodeLoad"), OneWay, AlwaysInterleave]
    Task NodeLoadAsync(string nodeId, int tunnels);

    /// <summary>Picks an attached node. Interleaves, since the first call after a loss of memory asks all edges.</summary>
    /// <param name="choice">The node asked for, and those to leave out.</param>
    /// <returns>The node, or NoNode or CutByAdmin.</returns>
    [Alias("PickNode"), AlwaysInterleave]
    Task<PickedNode> PickNodeAsync(NodeChoice choice);

    /// <summary>
    /// Carries an enrolment to attached nodes, one after the other, until one knows the activation: at most four. At most 32 at a time for a tenant, then
    /// Overloaded. The relay can't read the request; the node makes replays harmless.
    /// </summary>
    /// <param name="request">The request of the device.</param>
    /// <returns>The node's answer, or NoNode, Overloaded, ControlTimeout.</returns>
    [Alias("Enrol"), AlwaysInterleave]
    Task<EnrolmentResult> EnrolAsync(EnrolmentRequest request);

    /// <summary>Cuts the whole tenant off. Durable before an edge is told. Idempotent in effect.</summary>
    /// <returns>How far it went.</returns>
    [Alias("Cut")]
    Task<CutResult> CutAsync();

    /// <summary>Lets a tenant that was cut off come back. Durable on return; idempotent.</summary>
    /// <returns>None or UnknownTenant.</returns>
    [Alias("Restore")]
    Task<CutResult> RestoreAsync();

    /// <summary>What the grain knows without asking anybody.</summary>
    /// <returns>The status.</returns>
    [Alias("GetStatus"), AlwaysInterleave]
    Task<TenantStatus> GetStatusAsync();
}
