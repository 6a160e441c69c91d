using System.Collections.Immutable;

namespace OrleansUem.Grains.Interfaces;

/// <summary>
/// The one tunnel of a device, key <c>TENANT/DEVICE</c>. Owns tunnel ids and leases. Interleaves: while a node's answer is awaited the tunnel may be ended
/// or replaced. Called by the device grain (open, end), by control links (renew, ended) and by node grains (end).
/// </summary>
[Alias("uem.ITunnelGrain")]
public interface ITunnelGrain : IGrainWithStringKey
{
    /// <summary>Opens. Called by the device grain, which has checked the session; control links go through <see cref="IDeviceGrain.OpenTunnelAsync"/>. The tunnel id is durable before a node hears it.</summary>
    /// <param name="open">The OPEN.</param>
    /// <returns>The device's lease, or why not.</returns>
    [Alias("Open")]
    Task<TunnelOpenResult> OpenAsync(TunnelOpen open);

    /// <summary>Renews leases. Idempotent; writes nothing. Every refusal is final: the edge ends the route.</summary>
    /// <param name="reports">The reports of one edge.</param>
    /// <returns>One verdict for each report, in their order.</returns>
    [Alias("Renew")]
    Task<ImmutableArray<LeaseVerdict>> RenewAsync(LeaseReports reports);

    /// <summary>An edge ended routes by itself. Idempotent; the other end is told when the tunnel was live.</summary>
    /// <param name="reports">The reports with their reasons.</param>
    /// <returns>A task.</returns>
    [Alias("Ended")]
    Task EndedAsync(LeaseReports reports);

    /// <summary>Ends the tunnel at both edges. Idempotent; the end is durable on return, the edges are told after it.</summary>
    /// <param name="end">Which one and why.</param>
    /// <returns>True when a live tunnel fitted the order.</returns>
    [Alias("End")]
    Task<bool> EndAsync(TunnelEnd end);

    /// <summary>What the grain knows without asking anybody.</summary>
    /// <returns>The status.</returns>
    [Alias("GetStatus")]
    Task<TunnelStatus> GetStatusAsync();
}
