using OrleansUem.Protocol.Wire;

namespace OrleansUem.Silo.Control;

/// <summary>Bounds on what one request of an edge carries. A frame bounds all of them too; these keep work in step with size.</summary>
internal static class EdgeGuardLimits
{
    /// <summary>Sessions in one SessionsEnded: a frame of 16,640 bytes holds about 90 with full names.</summary>
    public const int MaxSessions = 256;

    /// <summary>Leases in one RenewLeases or TunnelsEnded: a frame holds about 110 with full names.</summary>
    public const int MaxLeases = 256;

    /// <summary>Reports on the leases of one device in one request: both sides of a tunnel and of those it replaced (LeaseReports).</summary>
    public const int MaxLeasesPerTunnel = 8;

    /// <summary>Bytes of an Attach payload: what an edge reads from a peer that is not attached.</summary>
    public const int MaxAttachBytes = FrameLimits.MaxUnattachedPayloadBytes;

    /// <summary>Bytes of an Enrol or RegisterTenant payload, the same.</summary>
    public const int MaxEnrolmentBytes = FrameLimits.MaxUnattachedPayloadBytes;

    /// <summary>Characters of a network address: an IPv6 address with scope and port has at most 70.</summary>
    public const int MaxAddressCharacters = 80;

    /// <summary>Characters of a tenant's name for people.</summary>
    public const int MaxTenantNameCharacters = 64;

    /// <summary>Grain calls of one batch under way at a time. Arbitrary: batches of a few edges together stay below what one database takes at once.</summary>
    public const int BatchParallelism = 16;
}
