using System.Diagnostics;
using OrleansUem.LoadTest.Hostile.Attacks;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Hostile;

/// <summary><c>uem load hostile</c>: attacks a running edge in many ways, one after the other, and watches what it refuses, its memory, and the tunnels of others.</summary>
public static class HostileLoad
{
    private const int HalfHelloBytes = 512;

    private static readonly IHostileAttack[] All =
    [
        new HeldConnections("silent", "connections that say nothing", () => []),
        new HeldConnections("half-hellos", "connections that send half a ClientHello", HalfHello),
        new HeldConnections("stalled", "connections that send a whole ClientHello and no more", () => RecordedHello.Record(Alpn.Device)),
        new HeldConnections("slow-writers", "connections that send a ClientHello at a byte a second", () => RecordedHello.Record(Alpn.Device), isDripping: true),
        new StrangersWithCertificates(),
        new UdpFlood(),
        new ReplayedProbes(),
        new SlowReaders(),
        new PingFlood(),
        new BadFrames(),
        new OpenFlood(),
        new BadCertificates(),
        new BadEnrolments(),
    ];

    /// <summary>Names of the attacks.</summary>
    public static IReadOnlyList<string> AttackNames => [.. All.Select(attack => attack.Name)];

    /// <summary>Builds an installation, attacks it, and takes it down.</summary>
    /// <param name="options">How much.</param>
    /// <param name="progress">Gets a line before each attack.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What came of it.</returns>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static async Task<HostileReport> RunAsync(HostileOptions options, Action<string> progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        var attacks = Choose(options);
        Validate(options);
        await using var site = await HostileSite.StartAsync(options, cancellationToken);
        progress("nothing, to know what is normal");
        var line = site.TrafficLine;
        await Task.Delay(options.QuietTime, TimeProvider.System, cancellationToken);
        var normal = await ShareAsync(site, line, cancellationToken);
        var results = new List<AttackResult>();
        foreach (var attack in attacks)
        {
            progress($"{attack.Name}: {attack.Summary}");
            results.Add(await AttackAsync(site, attack, cancellationToken));
        }

        return new HostileReport(options, normal, results, await site.FinishTrafficAsync(cancellationToken));
    }

    private static async Task<AttackResult> AttackAsync(HostileSite site, IHostileAttack attack, CancellationToken cancellationToken)
    {
        var before = await site.NextFiguresAsync(cancellationToken);
        var (edgeLine, trafficLine) = (site.EdgeLine, site.TrafficLine);
        var startedAt = Stopwatch.GetTimestamp();
        var (sent, fault) = (0L, (string?)null);
        try
        {
            sent = await attack.RunAsync(site.Target, cancellationToken);
        }
        catch (Exception e) when (e is InvalidOperationException or IOException)
        {
            fault = e.Message;
        }

        var seconds = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        var (overUdp, overTcp) = await ShareAsync(site, trafficLine, cancellationToken);
        var after = await site.NextFiguresAsync(cancellationToken);
        var refused = Risen(before, after);
        return new AttackResult(
            attack.Name,
            sent,
            seconds,
            refused,
            [.. attack.Refusals.Where(name => !refused.Any(pair => pair.Key == name || pair.Key.StartsWith(name + "/", StringComparison.Ordinal)))],
            before.RssBytes,
            site.FiguresSince(edgeLine).Max(figures => figures.RssBytes),
            after.RssBytes,
            after.CpuSeconds - before.CpuSeconds,
            overUdp,
            overTcp,
            fault);
    }

    private static async Task<(TrafficShare OverUdp, TrafficShare OverTcp)> ShareAsync(HostileSite site, int line, CancellationToken cancellationToken)
    {
        // At least two figures lie between the attack's begin and its end.
        await site.WaitTrafficAsync(3, cancellationToken);
        var figures = site.TrafficSince(line).ToList();
        return (TrafficShare.Between([.. figures.Select(each => each.OverUdp)]), TrafficShare.Between([.. figures.Select(each => each.OverTcp)]));
    }

    private static Dictionary<string, long> Risen(EdgeFigures before, EdgeFigures after) => after.Counts
        .Where(pair => pair.Key.StartsWith("refusals/", StringComparison.Ordinal) || pair.Key.StartsWith("frames_dropped/", StringComparison.Ordinal)
            || pair.Key.StartsWith("session_ends/", StringComparison.Ordinal))
        .Select(pair => (pair.Key, Rise: pair.Value - before[pair.Key]))
        .Where(each => each.Rise > 0)
        .ToDictionary(each => each.Key, each => each.Rise);

    // A record that announces 512 bytes and brings half of them.
    private static byte[] HalfHello()
    {
        var hello = new byte[HalfHelloBytes / 2];
        new byte[] { 22, 3, 1, HalfHelloBytes >> 8, HalfHelloBytes & 0xFF, 1 }.CopyTo(hello, 0);
        return hello;
    }

    private static IHostileAttack[] Choose(HostileOptions options)
    {
        var unknown = options.Attacks.FirstOrDefault(name => !AttackNames.Contains(name));
        return unknown is not null
            ? throw new ArgumentException($"--attacks '{unknown}' is none of {string.Join(", ", AttackNames)}.")
            : [.. All.Where(attack => options.Attacks.Count == 0 || options.Attacks.Contains(attack.Name))];
    }

    private static void Validate(HostileOptions options)
    {
        Within("--connections", options.Connections, 1, 15_000);
        Within("--handshakes", options.Handshakes, 1, 10_000);
        Within("--datagrams", options.Datagrams, 1, 10_000_000);
        Within("--datagrams-per-second", options.DatagramsPerSecond, 100, 1_000_000);
        Within("--frames", options.Frames, 1, 1_000_000);
        Within("--addresses", options.Addresses, 1, HostileOptions.AddressesMax);
        Within("--packets-per-second", options.PacketsPerSecond, 10, 20_000);
        Within("--hold", (int)options.HoldTime.TotalSeconds, 1, 300);
        Within("QuietTime", (int)options.QuietTime.TotalSeconds, 1, 300);
    }

    private static void Within(string option, int value, int min, int max)
    {
        if (value < min || value > max)
        {
            throw new ArgumentException($"{option} {value} is out of its range {min}..{max}.");
        }
    }
}
