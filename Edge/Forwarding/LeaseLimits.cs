namespace OrleansUem.Edge.Forwarding;

/// <summary>Bounds of route leases.</summary>
internal static class LeaseLimits
{
    /// <summary>Below it, renewals would be most of the control traffic (control.proto).</summary>
    public const uint MinLifetimeSeconds = 10;

    /// <summary>The longest that a cut-off edge forwards without hearing from a grain (control.proto).</summary>
    public const uint MaxLifetimeSeconds = 300;

    /// <summary>Leases of one RenewLeases or TunnelsEnded: a report has up to 230 bytes, a frame 16,640.</summary>
    public const int MaxReportsPerRequest = 64;

    /// <summary>The longest lease id: tenant 64, device 63, tunnel 20 characters and two slashes.</summary>
    public const int MaxLeaseIdCharacters = 149;

    /// <summary>How often leases are looked at; one timer for all.</summary>
    public static readonly TimeSpan TickPeriod = TimeSpan.FromSeconds(1);

    /// <summary>When a renewal that failed is tried again.</summary>
    public static readonly TimeSpan RenewalRetry = TimeSpan.FromSeconds(5);
}
