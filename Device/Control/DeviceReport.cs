using OrleansUem.Device.Names;

namespace OrleansUem.Device.Control;

/// <summary>What <c>uem device status --json</c> prints of a running agent. Fields are added and never change their meaning; what is not known is null.</summary>
public sealed record DeviceReport
{
    /// <summary>Where the tunnel stands.</summary>
    public required DeviceCondition State { get; init; }

    /// <summary>Since when it stands there.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>When the agent was started.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>The agent's process.</summary>
    public required int ProcessId { get; init; }

    /// <summary><c>up</c>: the whole machine. <c>up --apps</c>: a named set of apps. <c>run</c>: one command.</summary>
    public required string Mode { get; init; }

    /// <summary>The device's name in its organisation.</summary>
    public required string Device { get; init; }

    /// <summary>The end of the device's certificate.</summary>
    public required DateTimeOffset CertificateExpires { get; init; }

    /// <summary>The relay as it was dialled last, HOST:PORT.</summary>
    public string? Relay { get; init; }

    /// <summary>The edge of the session; null without one.</summary>
    public string? Edge { get; init; }

    /// <summary>The way of the data to the edge: <c>udp</c> or <c>tcp</c>; null without a session.</summary>
    public string? Path { get; init; }

    /// <summary>The TUN's name.</summary>
    public required string Interface { get; init; }

    /// <summary>The address in the tunnel; null before the first.</summary>
    public string? Address { get; init; }

    /// <summary>MTU in bytes; null before the first tunnel.</summary>
    public int? MtuBytes { get; init; }

    /// <summary>The node; null before the first tunnel.</summary>
    public string? Node { get; init; }

    /// <summary>What the node routes.</summary>
    public IReadOnlyList<string> Routes { get; init; } = [];

    /// <summary>A line for each route that is not taken.</summary>
    public IReadOnlyList<string> SkippedRoutes { get; init; } = [];

    /// <summary>How names are resolved.</summary>
    public required NameReport Dns { get; init; }

    /// <summary>The named set; null: the agent serves none.</summary>
    public AppSetReport? Apps { get; init; }

    /// <summary>Packets into tunnels since the start.</summary>
    public long PacketsSent { get; init; }

    /// <summary>Bytes of those, without headers of ours.</summary>
    public long BytesSent { get; init; }

    /// <summary>Packets out of tunnels since the start.</summary>
    public long PacketsReceived { get; init; }

    /// <summary>Bytes of those.</summary>
    public long BytesReceived { get; init; }

    /// <summary>Packets, datagrams and questions dropped on this machine, by reason; reasons that never came are left out.</summary>
    public IReadOnlyDictionary<string, long> Drops { get; init; } = new Dictionary<string, long>();

    /// <summary>The last end of a session or tunnel; null: none yet.</summary>
    public DeviceEnd? LastEnd { get; init; }
}
