using System.Diagnostics;
using System.Globalization;
using Npgsql;
using OrleansUem.Silo.Database;

namespace OrleansUem.LoadTest.Micro;

/// <summary>
/// Start, calls, activations, memory and storage of this build's actor host; the two builds print the same rows.
/// </summary>
public static class ActorHostBenchmarks
{
    private const int Activations = 500_000;
    private static readonly int[] Writers = [1, 64, 256, 4096];
    private static readonly TimeSpan RunTime = TimeSpan.FromSeconds(2);

    /// <summary>Runs everything, in about a minute.</summary>
    /// <param name="output">Where the rows go.</param>
    /// <param name="databaseFile">A file that names an empty PostgreSQL database for durable writes, or null.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task RunAsync(TextWriter output, string? databaseFile, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        await output.WriteLineAsync($"{BenchHost.Engine}, {Environment.ProcessorCount} processors, .NET {Environment.Version}");
        await Row(output, "what", "calls or items/s", "each", "bytes each");
        await MeasureStarts(output, cancellationToken);
        foreach (var mode in BenchHost.CallModes)
        {
            await MeasureCalls(output, mode, cancellationToken);
        }

        await MeasureActivations(output, withState: false, cancellationToken);
        await MeasureActivations(output, withState: true, cancellationToken);
        if (BenchHost.CanUseSqlite)
        {
            await MeasureSqliteWrites(output, cancellationToken);
        }

        if (databaseFile is not null)
        {
            await using var database = NpgsqlDataSource.Create(DatabaseFile.Read(databaseFile, "bench").ConnectionString);
            await SchemaMigrations.ApplyAsync(database, SchemaMigrations.All, cancellationToken);
            await MeasureWrites(output, "PostgreSQL", mode => BenchHost.StartAsync(mode, database, cancellationToken), cancellationToken);
        }
    }

    private static async Task MeasureStarts(TextWriter output, CancellationToken cancellationToken)
    {
        const int Starts = 5;
        var elapsed = TimeSpan.Zero;
        for (var start = 0; start < Starts; start++)
        {
            var watch = Stopwatch.StartNew();
            await using var host = await BenchHost.StartAsync(BenchHost.CallModes[0], cancellationToken);
            await host.Grains.GetGrain<IBenchGrain>("first").PingAsync();
            elapsed += watch.Elapsed;
        }

        await Report(output, "start and first call, in a warm process", Starts, elapsed, 0);
    }

    private static async Task MeasureCalls(TextWriter output, string mode, CancellationToken cancellationToken)
    {
        await using var host = await BenchHost.StartAsync(mode, cancellationToken);
        await Calls(output, host, $"{mode}, 1 caller, empty", 1, 1, static grain => grain.PingAsync(), cancellationToken);
        await Calls(output, host, $"{mode}, 1 caller, two arguments", 1, 1, static grain => grain.AddAsync(1, 2), cancellationToken);
        await Calls(output, host, $"{mode}, 64 callers, 64 grains", 64, 64, static grain => grain.PingAsync(), cancellationToken);
        await Calls(output, host, $"{mode}, 64 callers, 1 grain", 64, 1, static grain => grain.PingAsync(), cancellationToken);
        await Calls(output, host, $"{mode}, 64 callers, callee yields", 64, 64, static grain => grain.YieldAsync(), cancellationToken);
        await GrainToGrain(output, host, mode, cancellationToken);
    }

    private static async Task Calls(
        TextWriter output, IBenchHost host, string what, int callers, int grains, Func<IBenchGrain, Task> call, CancellationToken cancellationToken)
    {
        var references = Enumerable.Range(0, grains).Select(i => host.Grains.GetGrain<IBenchGrain>($"bench-{i}")).ToArray();
        foreach (var reference in references)
        {
            // Past the tiers of the compiler.
            for (var i = 0; i < 40_000 / grains; i++)
            {
                await call(reference);
            }
        }

        GC.Collect();
        var bytes = GC.GetTotalAllocatedBytes(precise: true);
        var watch = Stopwatch.StartNew();
        var counts = await Task.WhenAll(Enumerable.Range(0, callers).Select(i => Task.Run(
            async () =>
            {
                var reference = references[i % grains];
                long count = 0;
                while (watch.Elapsed < RunTime && !cancellationToken.IsCancellationRequested)
                {
                    for (var n = 0; n < 100; n++)
                    {
                        await call(reference);
                    }

                    count += 100;
                }

                return count;
            },
            cancellationToken)));
        await Report(output, what, counts.Sum(), watch.Elapsed, GC.GetTotalAllocatedBytes(precise: true) - bytes);
    }

    private static async Task GrainToGrain(TextWriter output, IBenchHost host, string mode, CancellationToken cancellationToken)
    {
        const int Batch = 10_000;
        var callers = Enumerable.Range(0, 64).Select(i => host.Grains.GetGrain<IBenchGrain>($"caller-{i}")).ToArray();
        await Task.WhenAll(callers.Select(static (caller, i) => caller.SpreadAsync($"callee-{i}", 1000)));
        GC.Collect();
        var bytes = GC.GetTotalAllocatedBytes(precise: true);
        var watch = Stopwatch.StartNew();
        long count = 0;
        while (watch.Elapsed < RunTime && !cancellationToken.IsCancellationRequested)
        {
            count += (await Task.WhenAll(callers.Select(static (caller, i) => caller.SpreadAsync($"callee-{i}", Batch)))).Sum();
        }

        await Report(output, $"{mode}, grain to grain, 64 pairs", count, watch.Elapsed, GC.GetTotalAllocatedBytes(precise: true) - bytes);
    }

    private static async Task MeasureActivations(TextWriter output, bool withState, CancellationToken cancellationToken)
    {
        await using var host = await BenchHost.StartAsync(BenchHost.CallModes[0], cancellationToken);
        await Activate(host, withState, "warm-up-", 20_000);
        await host.DeactivateAllAsync(cancellationToken);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var watch = Stopwatch.StartNew();
        await Activate(host, withState, "0123456-", Activations);
        var elapsed = watch.Elapsed;
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        var name = withState ? "activation with a state, first call" : "activation, first call";
        await Report(output, name, Activations, elapsed, bytes);
        watch.Restart();
        await host.DeactivateAllAsync(cancellationToken);
        await Report(output, withState ? "deactivation with a state" : "deactivation", Activations, watch.Elapsed, 0);
    }

    private static async Task Activate(IBenchHost host, bool withState, string prefix, int count)
    {
        for (var i = 0; i < count; i++)
        {
            // Keys of 14 characters.
            var key = string.Create(CultureInfo.InvariantCulture, $"{prefix}{i:D6}");
            if (withState)
            {
                await host.Grains.GetGrain<IBenchStateGrain>(key).PingAsync();
            }
            else
            {
                await host.Grains.GetGrain<IBenchGrain>(key).PingAsync();
            }
        }
    }

    private static async Task MeasureSqliteWrites(TextWriter output, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("actor-host-bench-");
        try
        {
            await MeasureWrites(output, "SQLite", mode => BenchHost.StartOnSqliteAsync(mode, folder.FullName, cancellationToken), cancellationToken);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task MeasureWrites(TextWriter output, string database, Func<string, Task<IBenchHost>> start, CancellationToken cancellationToken)
    {
        await using var host = await start(BenchHost.CallModes[0]);
        foreach (var writers in Writers)
        {
            var grains = Enumerable.Range(0, writers).Select(i => host.Grains.GetGrain<IBenchStateGrain>($"writer-{writers}-{i}")).ToArray();
            await Task.WhenAll(grains.Select(static grain => grain.StoreAsync(0)));
            var bytes = GC.GetTotalAllocatedBytes(precise: true);
            var watch = Stopwatch.StartNew();
            var counts = await Task.WhenAll(grains.Select(async grain =>
            {
                var count = 0;
                while (watch.Elapsed < RunTime && !cancellationToken.IsCancellationRequested)
                {
                    await grain.StoreAsync(++count);
                }

                return (long)count;
            }));
            await Report(output, $"write to {database}, {writers} grains", counts.Sum(), watch.Elapsed, GC.GetTotalAllocatedBytes(precise: true) - bytes);
        }
    }

    private static Task Report(TextWriter output, string what, long count, TimeSpan elapsed, long bytes) => Row(
        output,
        what,
        (count / elapsed.TotalSeconds).ToString("N0", CultureInfo.InvariantCulture),
        (elapsed.TotalNanoseconds / count).ToString("N0", CultureInfo.InvariantCulture) + " ns",
        bytes <= 0 ? "-" : (bytes / (double)count).ToString("N0", CultureInfo.InvariantCulture) + " B");

    private static Task Row(TextWriter output, string what, string rate, string each, string bytes) =>
        output.WriteLineAsync($"{what,-38} {rate,16} {each,12} {bytes,11}");
}
