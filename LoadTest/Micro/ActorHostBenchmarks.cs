#if !ORLEANS_HOST
using System.Diagnostics;
using System.Globalization;

namespace OrleansUem.LoadTest.Micro;

/// <summary>
/// Calls, activations, memory and storage of the embedded actor host, printed beside what Orleans 10.4 reached on a machine of
/// the same kind (single runs, as an order of magnitude; Orleans isn't run here).
/// </summary>
public static class ActorHostBenchmarks
{
    private const int Activations = 500_000;
    private static readonly TimeSpan RunTime = TimeSpan.FromSeconds(2);

    /// <summary>Runs everything, in about a minute.</summary>
    public static async Task RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        await output.WriteLineAsync($"embedded actor host, {Environment.ProcessorCount} processors, .NET {Environment.Version}");
        await Row(output, "what", "calls or items/s", "each", "bytes each", "Orleans 10.4 (reference)");
        await MeasureCalls(output, queued: false, cancellationToken);
        await MeasureCalls(output, queued: true, cancellationToken);
        await MeasureActivations(output, withState: false, cancellationToken);
        await MeasureActivations(output, withState: true, cancellationToken);
        foreach (var writers in new[] { 1, 64, 256, 4096 })
        {
            await MeasureWrites(output, writers, cancellationToken);
        }
    }

    private static async Task MeasureCalls(TextWriter output, bool queued, CancellationToken cancellationToken)
    {
        await using var host = await EmbeddedActorHost.StartAsync(
            options =>
            {
                options.GrainAssemblies.Add(typeof(BenchGrain).Assembly);
                options.QueuesAlways = queued;
            },
            cancellationToken: cancellationToken);
        var kind = queued ? "queued" : "inline";
        await Calls(output, host, $"{kind}, 1 caller, empty", 1, 1, static grain => grain.PingAsync(), "583 k/s, 736 B", cancellationToken);
        await Calls(output, host, $"{kind}, 1 caller, two arguments", 1, 1, static grain => grain.AddAsync(1, 2), "-", cancellationToken);
        await Calls(output, host, $"{kind}, 64 callers, 64 grains", 64, 64, static grain => grain.PingAsync(), "1.0-1.44 M/s, 736 B", cancellationToken);
        await Calls(output, host, $"{kind}, 64 callers, 1 grain", 64, 1, static grain => grain.PingAsync(), "-", cancellationToken);
        await Calls(output, host, $"{kind}, 64 callers, callee yields", 64, 64, static grain => grain.YieldAsync(), "-", cancellationToken);
        await GrainToGrain(output, host, kind, cancellationToken);
    }

    private static async Task Calls(
        TextWriter output, EmbeddedActorHost host, string what, int callers, int grains, Func<IBenchGrain, Task> call, string orleans, CancellationToken cancellationToken)
    {
        var references = Enumerable.Range(0, grains).Select(i => host.GrainFactory.GetGrain<IBenchGrain>($"bench-{i}")).ToArray();
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
        await Report(output, what, counts.Sum(), watch.Elapsed, GC.GetTotalAllocatedBytes(precise: true) - bytes, orleans);
    }

    private static async Task GrainToGrain(TextWriter output, EmbeddedActorHost host, string kind, CancellationToken cancellationToken)
    {
        const int Batch = 10_000;
        var callers = Enumerable.Range(0, 64).Select(i => host.GrainFactory.GetGrain<IBenchGrain>($"caller-{i}")).ToArray();
        await Task.WhenAll(callers.Select(static (caller, i) => caller.SpreadAsync($"callee-{i}", 1000)));
        GC.Collect();
        var bytes = GC.GetTotalAllocatedBytes(precise: true);
        var watch = Stopwatch.StartNew();
        long count = 0;
        while (watch.Elapsed < RunTime && !cancellationToken.IsCancellationRequested)
        {
            count += (await Task.WhenAll(callers.Select(static (caller, i) => caller.SpreadAsync($"callee-{i}", Batch)))).Sum();
        }

        await Report(output, $"{kind}, grain to grain, 64 pairs", count, watch.Elapsed, GC.GetTotalAllocatedBytes(precise: true) - bytes, "1.0-1.44 M/s, 736 B");
    }

    private static async Task MeasureActivations(TextWriter output, bool withState, CancellationToken cancellationToken)
    {
        await using var host = await EmbeddedActorHost.StartAsync(
            options => options.GrainAssemblies.Add(typeof(BenchGrain).Assembly), cancellationToken: cancellationToken);
        await Activate(host, withState, "warm-up-", 20_000);
        await host.DeactivateAllAsync(cancellationToken);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var watch = Stopwatch.StartNew();
        await Activate(host, withState, "0123456-", Activations);
        var elapsed = watch.Elapsed;
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        var name = withState ? "activation with a state, first call" : "activation, first call";
        await Report(output, name, Activations, elapsed, bytes, withState ? "23 k/s, 2,224 B idle" : "33-36 k/s, 1,753 B idle");
        watch.Restart();
        await host.DeactivateAllAsync(cancellationToken);
        await Report(output, withState ? "deactivation with a state" : "deactivation", Activations, watch.Elapsed, 0, "53 k/s");
    }

    private static async Task Activate(EmbeddedActorHost host, bool withState, string prefix, int count)
    {
        for (var i = 0; i < count; i++)
        {
            // Keys of 14 characters.
            var key = string.Create(CultureInfo.InvariantCulture, $"{prefix}{i:D6}");
            if (withState)
            {
                await host.GrainFactory.GetGrain<IBenchStateGrain>(key).PingAsync();
            }
            else
            {
                await host.GrainFactory.GetGrain<IBenchGrain>(key).PingAsync();
            }
        }
    }

    private static async Task MeasureWrites(TextWriter output, int writers, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("actor-host-bench-");
        try
        {
            await using var host = await EmbeddedActorHost.StartAsync(
                options =>
                {
                    options.GrainAssemblies.Add(typeof(BenchGrain).Assembly);
                    options.DatabasePath = Path.Combine(folder.FullName, "bench.db");
                },
                cancellationToken: cancellationToken);
            var grains = Enumerable.Range(0, writers).Select(i => host.GrainFactory.GetGrain<IBenchStateGrain>($"writer-{i}")).ToArray();
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
            await Report(output, $"durable write, {writers} grains", counts.Sum(), watch.Elapsed, GC.GetTotalAllocatedBytes(precise: true) - bytes, "19 k/s");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Task Report(TextWriter output, string what, long count, TimeSpan elapsed, long bytes, string orleans) => Row(
        output,
        what,
        (count / elapsed.TotalSeconds).ToString("N0", CultureInfo.InvariantCulture),
        (elapsed.TotalNanoseconds / count).ToString("N0", CultureInfo.InvariantCulture) + " ns",
        bytes <= 0 ? "-" : (bytes / (double)count).ToString("N0", CultureInfo.InvariantCulture) + " B",
        orleans);

    private static Task Row(TextWriter output, string what, string rate, string each, string bytes, string orleans) =>
        output.WriteLineAsync($"{what,-38} {rate,16} {each,12} {bytes,11}   {orleans}");
}
#endif
