namespace OrleansUem.Grains.Tunnels;

/// <summary>The options that leases carry.</summary>
internal readonly record struct TunnelLimits(TimeSpan LeaseLifetime, TimeSpan Idle, ulong ByteLimit)
{
    /// <summary>How much later than the edge the machine takes a lease for expired: renewals wait in queues for 10 s at most, three times that.</summary>
    internal static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);

    internal static TunnelLimits Of(GrainOptions options) => new(options.LeaseLifetime, options.TunnelIdle, options.TunnelByteLimit);

    internal uint LifetimeSeconds => (uint)LeaseLifetime.TotalSeconds;

    internal DateTimeOffset Until(DateTimeOffset now) => now + LeaseLifetime + Margin;
}
