using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using OrleansUem.LoadTest.Machines;
using OrleansUem.Silo;

namespace OrleansUem.LoadTest.Micro;

/// <summary>One Orleans silo as the benchmarks run it: storage in memory, callers in its process.</summary>
internal sealed class BenchHost : IBenchHost
{
    /// <summary>What runs the grains.</summary>
    public const string Engine = "Orleans, one silo";

    private readonly IHost _host;

    private BenchHost(IHost host)
    {
        _host = host;
        Grains = host.Services.GetRequiredService<IGrainFactory>();
    }

    /// <summary>The ways in which the host runs calls; each is measured.</summary>
    public static IReadOnlyList<string> CallModes { get; } = ["queued"];

    public IGrainFactory Grains { get; }

    /// <summary>Whether grains of this host can be stored in SQLite.</summary>
    public static bool CanUseSqlite => false;

    /// <summary>Starts a silo whose state is in memory.</summary>
    public static Task<IBenchHost> StartAsync(string callMode, CancellationToken cancellationToken) =>
        StartAsync(callMode, static silo => silo.AddMemoryGrainStorageAsDefault(), cancellationToken);

    /// <summary>Starts a silo on a database that has the product's tables, with the product's form of states.</summary>
    public static Task<IBenchHost> StartAsync(string callMode, NpgsqlDataSource database, CancellationToken cancellationToken) => StartAsync(
        callMode,
        silo => silo.AddAdoNetGrainStorageAsDefault(storage =>
        {
            storage.Invariant = "Npgsql";
            storage.DataSource = database;
            storage.GrainStorageSerializer = new GrainStateSerializer();
        }),
        cancellationToken);

    /// <summary>Not with this host.</summary>
    public static Task<IBenchHost> StartOnSqliteAsync(string callMode, string folder, CancellationToken cancellationToken) =>
        throw new NotSupportedException("Orleans' silos keep grains in PostgreSQL.");

    public Task DeactivateAllAsync(CancellationToken cancellationToken) =>
        Grains.GetGrain<IManagementGrain>(0).ForceActivationCollection(TimeSpan.Zero, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private static async Task<IBenchHost> StartAsync(string callMode, Action<ISiloBuilder> addStorage, CancellationToken cancellationToken)
    {
        _ = callMode;
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.UseOrleans(silo => addStorage(silo.UseLocalhostClustering(FreePort.Next(), FreePort.Next())));
        var host = builder.Build();
        await host.StartAsync(cancellationToken);
        return new BenchHost(host);
    }
}
