using Npgsql;

namespace OrleansUem.LoadTest.Micro;

/// <summary>The embedded actor host as the benchmarks run it.</summary>
internal sealed class BenchHost : IBenchHost
{
    /// <summary>What runs the grains.</summary>
    public const string Engine = "embedded actor host";

    private readonly EmbeddedActorHost _host;

    private BenchHost(EmbeddedActorHost host) => _host = host;

    /// <summary>The ways in which the host runs calls; each is measured.</summary>
    public static IReadOnlyList<string> CallModes { get; } = ["inline", "queued"];

    public IGrainFactory Grains => _host.GrainFactory;

    /// <summary>Whether grains of this host can be stored in SQLite.</summary>
    public static bool CanUseSqlite => true;

    /// <summary>Starts a host whose state is in memory.</summary>
    public static Task<IBenchHost> StartAsync(string callMode, CancellationToken cancellationToken) => StartAsync(callMode, ActorStorage.Memory, cancellationToken);

    /// <summary>Starts a host on a database that has the product's tables.</summary>
    public static Task<IBenchHost> StartAsync(string callMode, NpgsqlDataSource database, CancellationToken cancellationToken) =>
        StartAsync(callMode, ActorStorage.Postgres(database), cancellationToken);

    /// <summary>Starts a host on a file in this folder.</summary>
    public static Task<IBenchHost> StartOnSqliteAsync(string callMode, string folder, CancellationToken cancellationToken) =>
        StartAsync(callMode, ActorStorage.Sqlite(Path.Combine(folder, "bench.db")), cancellationToken);

    public Task DeactivateAllAsync(CancellationToken cancellationToken) => _host.DeactivateAllAsync(cancellationToken);

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private static async Task<IBenchHost> StartAsync(string callMode, ActorStorage storage, CancellationToken cancellationToken) =>
        new BenchHost(await EmbeddedActorHost.StartAsync(
            options =>
            {
                options.GrainAssemblies.Add(typeof(BenchGrain).Assembly);
                options.QueuesAlways = callMode == "queued";
                options.Storage = storage;
            },
            cancellationToken: cancellationToken));
}
