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

    /// <summary>Starts a host; state is in memory unless there is a folder for a database.</summary>
    public static async Task<IBenchHost?> StartAsync(string callMode, string? databaseFolder, CancellationToken cancellationToken) =>
        new BenchHost(await EmbeddedActorHost.StartAsync(
            options =>
            {
                options.GrainAssemblies.Add(typeof(BenchGrain).Assembly);
                options.QueuesAlways = callMode == "queued";
                options.Storage = databaseFolder is null ? ActorStorage.Memory : ActorStorage.Sqlite(Path.Combine(databaseFolder, "bench.db"));
            },
            cancellationToken: cancellationToken));

    public Task DeactivateAllAsync(CancellationToken cancellationToken) => _host.DeactivateAllAsync(cancellationToken);

    public ValueTask DisposeAsync() => _host.DisposeAsync();
}
