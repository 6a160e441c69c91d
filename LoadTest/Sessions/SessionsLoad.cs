using System.Diagnostics;

namespace OrleansUem.LoadTest.Sessions;

/// <summary>
/// <c>uem load sessions</c>: what an idle session with its tunnel costs edge and node in memory, and what setting one up costs each role in processor time. Silo, edge, node and the
/// devices are processes of their own on loopback.
/// <para>
/// Method: a number of sessions is set up first and stays; memory of edge and node is taken then and once more after the measured ones, each time after a full compacting collection and
/// malloc_trim, and the difference is divided. A session counts once its tunnel is configured and, with UDP, its path is proven. Processor time is the kernel's count for each process between the
/// same two moments, without the settling.
/// </para>
/// </summary>
public static class SessionsLoad
{
    /// <summary>Builds an installation, measures, and takes it down.</summary>
    /// <param name="options">How much.</param>
    /// <param name="progress">Gets a line for each step.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What it measured.</returns>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">This machine's limits do not allow so many, or a session failed.</exception>
    public static async Task<SessionsReport> RunAsync(SessionsOptions options, Action<string> progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        options.Validate();
        var shares = SessionsLimits.Split(options);
        progress("starting silo, edge and node");
        await using var site = await SessionsSite.StartAsync(options.Program, cancellationToken);
        progress($"making certificates of {options.WarmUp + options.Count} devices in {shares.Count} processes");
        await site.PrepareAsync(shares, cancellationToken);
        progress($"setting up {options.WarmUp} sessions to warm up");
        await site.SetUpAsync(0, 1, cancellationToken);
        var (edgeBefore, nodeBefore) = await site.TakeMemoryAsync(cancellationToken);
        progress($"setting up {options.Count} sessions");
        var cpuBefore = site.CpuSeconds();
        var startedAt = Stopwatch.GetTimestamp();
        await site.SetUpAsync(1, shares.Count, cancellationToken);
        var seconds = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        var cpu = site.CpuSeconds().Zip(cpuBefore, (after, before) => (after.Role, after.Seconds - before.Seconds)).ToArray();
        progress("settling");
        var (edge, node) = await site.TakeMemoryAsync(cancellationToken);
        return new SessionsReport(
            options,
            seconds,
            cpu,
            [
                SessionsReport.DescribeMemory("edge", edge.PerSession(edgeBefore, options.Count), edge),
                SessionsReport.DescribeMemory("node", node.PerSession(nodeBefore, options.Count), node),
            ]);
    }
}
