namespace OrleansUem.Grains;

/// <summary>Limits and times of the grains. Read once at start.</summary>
public sealed record GrainOptions
{
    /// <summary>How long a route lease lives, 10..300 s. Default 300 s: what an edge without a silo forwards on. Too small costs renewals, too large lets a cut-off edge forward longer.</summary>
    public TimeSpan LeaseLifetime { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>A tunnel without traffic for this long ends, 0 or 10 s..24 h. Default 600 s; zero: never.</summary>
    public TimeSpan TunnelIdle { get; init; } = TimeSpan.FromSeconds(600);

    /// <summary>Bytes of a tunnel in both directions together; default 0: no limit.</summary>
    public ulong TunnelByteLimit { get; init; }

    /// <summary>Tunnels of one node, 1..1,000,000. Default 10,000, arbitrary: some 3 KB each in the node.</summary>
    public int MaxTunnelsPerNode { get; init; } = 10_000;

    /// <summary>Nodes of one tenant, 1..10,000. Default 1,000, since each is asked for after a loss of memory.</summary>
    public int MaxNodesPerTenant { get; init; } = 1_000;

    /// <summary>Enrolments of one tenant at a time, 1..1,024. Default 32.</summary>
    public int MaxEnrolmentsPerTenant { get; init; } = 32;

    /// <summary>How long a node has for an offered tunnel or an enrolment, 1..5 s. Default 4 s: two attempts fit into the 10 s of a control request.</summary>
    public TimeSpan NodeAnswerTimeout { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>How long LOCATE waits for edges, 0.1..5 s. Default 2 s.</summary>
    public TimeSpan LocateTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a cut waits for acknowledgements, 0.1..10 s. Default 5 s.</summary>
    public TimeSpan CutTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A link that was not refreshed for this long is forgotten, 15..300 s. Default 35 s: three refreshes of 10 s and some delay.</summary>
    public TimeSpan LinkExpiry { get; init; } = TimeSpan.FromSeconds(35);

    /// <summary>How long an edge may keep a tenant's roots, 10..3,600 s. Default 300 s.</summary>
    public TimeSpan RootsLifetime { get; init; } = TimeSpan.FromSeconds(300);
}
