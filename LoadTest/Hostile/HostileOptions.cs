namespace OrleansUem.LoadTest.Hostile;

/// <summary>What <see cref="HostileLoad"/> does.</summary>
public sealed record HostileOptions
{
    /// <summary>Most addresses that attacks come from: 127.1.0.1 to 127.254.254.254 would be possible, and a socket each has its price.</summary>
    public const int AddressesMax = 10_000;

    /// <summary>How to start this program: file and first arguments. The edge and the tunnel beside it run in processes of their own.</summary>
    public required IReadOnlyList<string> Program { get; init; }

    /// <summary>Names of the attacks; empty: all of <see cref="HostileLoad.AttackNames"/>.</summary>
    public IReadOnlyList<string> Attacks { get; init; } = [];

    /// <summary>Connections of an attack that holds them, 1..15,000. Default 10,000.</summary>
    public int Connections { get; init; } = 10_000;

    /// <summary>Whole TLS handshakes and sessions of an attack, 1..10,000. Default 2,000: the attacker pays as much CPU for each as the edge.</summary>
    public int Handshakes { get; init; } = 2_000;

    /// <summary>UDP datagrams of an attack, 1..10,000,000. Default 100,000.</summary>
    public int Datagrams { get; init; } = 100_000;

    /// <summary>Datagrams in a second, 100..1,000,000. Default 20,000.</summary>
    public int DatagramsPerSecond { get; init; } = 20_000;

    /// <summary>Frames of an attack by somebody who is attached, 1..1,000,000. Default 10,000.</summary>
    public int Frames { get; init; } = 10_000;

    /// <summary>Addresses that attacks come from, 1..<see cref="AddressesMax"/>. Default 2,000.</summary>
    public int Addresses { get; init; } = 2_000;

    /// <summary>How long an attack that waits for the edge goes on waiting, 1 s..5 min. Default 12 s: a handshake may take 10.</summary>
    public TimeSpan HoldTime { get; init; } = TimeSpan.FromSeconds(12);

    /// <summary>How long the tunnels are watched without an attack, 1 s..5 min. Default 5 s.</summary>
    public TimeSpan QuietTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Packets of 200 bytes in a second of each of the two tunnels beside, 10..20,000. Default 1,000; each comes back.</summary>
    public int PacketsPerSecond { get; init; } = 1_000;

    /// <summary>The edge's limit of connections that have not attached; null: the product's.</summary>
    public int? MaxPending { get; init; }
}
