using System.Net;
using OrleansUem.Grains;

namespace OrleansUem.Silo;

/// <summary>Settings of a silo process. All need a restart to change; <see cref="SiloOptionsValidator"/> checks them at start.</summary>
public sealed record SiloOptions
{
    /// <summary>The state directory that <c>uem silo init</c> made.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>Where edges link and join. Default: port 3102 on all addresses; port 0 takes a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.IPv6Any, 3102);

    /// <summary>
    /// The file that names the installation's PostgreSQL database (docs/operations.md, "PostgreSQL"); a silo that started with one needs one ever after.
    /// Null: SQLite in the state directory.
    /// </summary>
    public string? DatabaseFile { get; init; }

    /// <summary>
    /// Where the other silos of the installation reach this one, over mutual TLS. Null: port 3103 on all addresses. In a build with Orleans only; as
    /// <see cref="ClusterAdvertise"/>.
    /// </summary>
    public IPEndPoint? ClusterListen { get; init; }

    /// <summary>The address and port that the other silos are told. Null: as <see cref="ClusterListen"/>, which then must name one address.</summary>
    public IPEndPoint? ClusterAdvertise { get; init; }

    /// <summary>Control connections at a time, 1..100,000. Default 2,000: an edge needs one.</summary>
    public int MaxConnections { get; init; } = 2_000;

    /// <summary>Connections from one address at a time, 1..<see cref="MaxConnections"/>. Default 64: edges behind one NAT, and strangers who hold connections open.</summary>
    public int MaxConnectionsPerAddress { get; init; } = 64;

    /// <summary>Connections at a time that have not shown an edge's certificate, 1..10,000, an eighth of them for one address. Default 256.</summary>
    public int MaxPending { get; init; } = 256;

    /// <summary>Limits and times of the grains.</summary>
    public GrainOptions Grains { get; init; } = new();

    /// <summary>How long a stop may take before what still runs is dropped, 1 s..5 min. Default 30 s.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
