namespace OrleansUem.Edge;

/// <summary>What an edge takes on at most. The table in README.md says what happens at each.</summary>
public sealed record EdgeLimits
{
    /// <summary>Connections of one listener. Default 100,000 (some 12 KB each).</summary>
    public int MaxConnections { get; init; } = 100_000;

    /// <summary>Connections of one listener from one IPv4 address or IPv6 /64. Default 4,096.</summary>
    public int MaxConnectionsPerAddress { get; init; } = 4_096;

    /// <summary>
    /// Connections of one listener that have not attached, from accept on, an eighth of them for one address. At the limit the one that has kept the edge waiting longest, at least 1 s, makes room (HandshakeDisplaced), else the newcomer
    /// is closed (TooManyConnections). Default 4,096: 30 MB when all are silent, 300 MB when all are in TLS or past it.
    /// </summary>
    public int MaxPending { get; init; } = 4_096;

    /// <summary>Threads that compute TLS handshakes, for all listeners, below all others in priority. Default: half the cores, at least one.</summary>
    public int HandshakeThreads { get; init; } = Transport.HandshakeThreads.DefaultCount;

    /// <summary>Attached sessions. Default 100,000.</summary>
    public int MaxSessions { get; init; } = 100_000;

    /// <summary>Tunnels of one node session. Default 20,000.</summary>
    public int MaxTunnelsPerNode { get; init; } = 20_000;

    /// <summary>OPENs of one device under way. Default 4; a device needs one, and a second one while it replaces the first.</summary>
    public int MaxOpensPerDevice { get; init; } = 4;

    /// <summary>OPENs of one device in a minute, with a burst of a third of that. Default 60: an agent that fails to open waits ever longer, up to 30 s.</summary>
    public int OpensPerMinute { get; init; } = 60;

    /// <summary>Limit of TLS, and then again of ATTACH. Default 10 s each.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a node may take to answer an OPEN or ENROL. Default 8 s: below the 10 s that the silo waits for this edge, so that it hears the reason.
    /// </summary>
    public TimeSpan NodeAnswerTimeout { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>How long an enrolment connection may last. Default 60 s.</summary>
    public TimeSpan EnrolmentTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Requests on one enrolment connection. Default 5.</summary>
    public int MaxRequestsPerEnrolment { get; init; } = 5;

    /// <summary>Enrolment requests of the whole edge in a second. Default 50; above, they are refused with Overloaded.</summary>
    public int EnrolmentsPerSecond { get; init; } = 50;

    /// <summary>The same of one IPv4 address or IPv6 /64, with a burst of four seconds' worth. Default 10: a node certifies no more.</summary>
    public int EnrolmentsPerSecondPerAddress { get; init; } = 10;

    /// <summary>The keep-alive interval told to peers, whole seconds. Default 30 s.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Queued datagram bytes towards one device. Default 512 KiB.</summary>
    public int DeviceQueueBytes { get; init; } = 512 * 1024;

    /// <summary>Queued datagram bytes towards one node. Default 8 MiB.</summary>
    public int NodeQueueBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Queued datagram bytes of one tunnel in one direction. Default 256 KiB.</summary>
    public int TunnelQueueBytes { get; init; } = 256 * 1024;

    /// <summary>Tenant bundles kept. Default 10,000 (1 KB each).</summary>
    public int MaxBundles { get; init; } = 10_000;

    /// <summary>How long a bundle is kept, whatever the silo says. Default 5 min.</summary>
    public TimeSpan BundleTime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a refusal of a bundle is kept. Default 10 s: a stranger's repeats cost no control request.</summary>
    public TimeSpan RefusedBundleTime { get; init; } = TimeSpan.FromSeconds(10);
}
