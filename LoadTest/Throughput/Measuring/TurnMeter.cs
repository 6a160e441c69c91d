using System.Globalization;
using OrleansUem.LoadTest.Throughput.Systems;

namespace OrleansUem.LoadTest.Throughput.Measuring;

/// <summary>
/// One turn of one system: starts it, warms it up, measures, stops it. A measurement that fails leaves its values out and is told in the turn's fault;
/// the others go on.
/// </summary>
/// <param name="lab">The network.</param>
/// <param name="seconds">Length of a TCP measurement.</param>
/// <param name="rates">Where the UDP searches begin; the passed rates of earlier turns.</param>
internal sealed class TurnMeter(LabNetwork lab, int seconds, UdpRates rates)
{
    public static readonly IReadOnlyList<int> UdpPacketBytes = [1_400, 200];
    public static readonly IReadOnlyList<int> TcpStreams = [1, 4];

    // A runtime that compiles hot code again in the background is through after that.
    private const int WarmUpSecondsMax = 3;
    private const double IdlePingSeconds = 2;
    private const double IdlePingInterval = 0.02;
    private const double LoadedPingInterval = 0.01;
    private const int FaultCharactersMax = 500;
    private const double BytesPerGigabyte = 1e9;
    private const double BytesPerMegabyte = 1e6;

    // The start of the load is left out of the pings; they end before it does.
    private static readonly TimeSpan LoadRampUp = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan SetUpLimit = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, double> _values = new(StringComparer.Ordinal);
    private readonly List<string> _faults = [];

    private int WarmUpSeconds => Math.Min(seconds, WarmUpSecondsMax);

    // Of two seconds, or of one where the whole run is to be short.
    private int ProbeSeconds => seconds > 2 ? 2 : 1;

    /// <summary>Lets the system make its keys and configurations.</summary>
    /// <param name="system">Whose turn it is.</param>
    /// <param name="folder">An empty directory of its own.</param>
    /// <param name="cancellationToken">Ends the turn.</param>
    /// <returns>False: it could not.</returns>
    public async Task<bool> PrepareAsync(IMeasuredSystem system, string folder, CancellationToken cancellationToken)
    {
        await TryAsync("preparation", () => system.PrepareAsync(lab, folder, cancellationToken), cancellationToken);
        return _faults.Count == 0;
    }

    /// <summary>Runs the turn.</summary>
    /// <param name="system">Whose turn it is.</param>
    /// <param name="cancellationToken">Ends the turn.</param>
    public async Task MeasureAsync(IMeasuredSystem system, CancellationToken cancellationToken)
    {
        await using var running = new RunningSystem();
        try
        {
            await system.StartAsync(lab, running, cancellationToken);
            if (system.CarriesPackets)
            {
                var setUp = await FirstEcho.WaitAsync(lab.Device, running.Target, running.DeviceStartedAt, SetUpLimit, cancellationToken);
                _values[Figures.SetUp] = setUp.TotalMilliseconds;
            }

            await system.ConfirmAsync(running, cancellationToken);
            await MeasureAsync(system, running, cancellationToken);
        }
        catch (Exception e) when (IsFault(e, cancellationToken))
        {
            _faults.Add($"{OneLine(e.Message)} ({OneLine(running.LastWords())})");
        }
    }

    /// <summary>What came of it.</summary>
    public Turn ToTurn(LinkVariant link, string system, int run) =>
        new(link, system, run, _values, _faults.Count == 0 ? null : string.Join("; ", _faults));

    private static bool IsFault(Exception exception, CancellationToken cancellationToken) =>
        !cancellationToken.IsCancellationRequested && exception is TimeoutException or InvalidOperationException or FormatException or IOException;

    private static string OneLine(string text)
    {
        var line = text.ReplaceLineEndings(" ");
        return line.Length <= FaultCharactersMax ? line : $"{line.AsSpan(0, FaultCharactersMax)}…";
    }

    private async Task MeasureAsync(IMeasuredSystem system, RunningSystem running, CancellationToken cancellationToken)
    {
        var iperf = new Iperf3(lab, running);
        await TryAsync("warm-up", async () =>
        {
            await iperf.MeasureTcpAsync(1, Direction.Up, WarmUpSeconds, cancellationToken);
            await iperf.MeasureTcpAsync(1, Direction.Down, WarmUpSeconds, cancellationToken);
        }, cancellationToken);
        if (system.CarriesPackets)
        {
            await TryAsync("ping", () => PingIdleAsync(cancellationToken), cancellationToken);
        }

        await MeasureTcpAsync(system, running, iperf, cancellationToken);
        if (system.CarriesPackets)
        {
            foreach (var bytes in UdpPacketBytes)
            {
                await TryAsync(
                    string.Create(CultureInfo.InvariantCulture, $"UDP {bytes}"), () => SearchUdpAsync(system.Name, iperf, bytes, cancellationToken), cancellationToken);
            }
        }

        MeasureMemory(running);
    }

    private async Task TryAsync(string what, Func<Task> measure, CancellationToken cancellationToken)
    {
        try
        {
            await measure();
        }
        catch (Exception e) when (IsFault(e, cancellationToken))
        {
            _faults.Add($"{what}: {OneLine(e.Message)}");
        }
    }

    private async Task PingIdleAsync(CancellationToken cancellationToken)
    {
        var before = MachineTimes.Now();
        var report = await Ping.MeasureAsync(lab, IdlePingSeconds, IdlePingInterval, cancellationToken);
        _values[Figures.BusyWhileIdle] = MachineTimes.Now().BusyShareSince(before);
        Put(Figures.PingIdleP50, report.Percentile(0.5));
        Put(Figures.PingIdleP99, report.Percentile(0.99));
    }

    private async Task MeasureTcpAsync(IMeasuredSystem system, RunningSystem running, Iperf3 iperf, CancellationToken cancellationToken)
    {
        OuterTraffic[] outer = OuterTraffic.IsAvailable ? [new OuterTraffic(lab.Device), new OuterTraffic(lab.Corp)] : [];
        foreach (var counters in outer)
        {
            await counters.StartAsync(cancellationToken);
        }

        var cpu = new RoleCpu(running);
        double bytes = 0;
        foreach (var streams in TcpStreams)
        {
            foreach (var direction in Enum.GetValues<Direction>())
            {
                await TryAsync(
                    string.Create(CultureInfo.InvariantCulture, $"TCP {streams} {direction}"),
                    async () => bytes += await MeasureTcpAsync(iperf, streams, direction, withPing: streams == 1 && system.CarriesPackets, cancellationToken),
                    cancellationToken);
            }
        }

        foreach (var (role, used) in cpu.SecondsSinceStart())
        {
            Put(Figures.Cpu(role), bytes > 0 ? used * BytesPerGigabyte / bytes : null);
        }

        Put(Figures.CpuTotal, bytes > 0 && running.Roles.Count > 0 ? cpu.SecondsSinceStart().Sum(role => role.Seconds) * BytesPerGigabyte / bytes : null);
        for (var i = 0; i < outer.Length; i++)
        {
            Put(i == 0 ? Figures.UdpShareDevice : Figures.UdpShareCorp, await outer[i].StopAsync(cancellationToken));
        }
    }

    private async Task<double> MeasureTcpAsync(Iperf3 iperf, int streams, Direction direction, bool withPing, CancellationToken cancellationToken)
    {
        var load = iperf.MeasureTcpAsync(streams, direction, seconds, cancellationToken);
        if (withPing)
        {
            await Task.WhenAny(load, Task.Delay(LoadRampUp, TimeProvider.System, cancellationToken));
            var report = await Ping.MeasureAsync(lab, Math.Max(seconds - 0.5, 0.5), LoadedPingInterval, cancellationToken);
            Put(Figures.PingP50(direction), report.Percentile(0.5));
            Put(Figures.PingP99(direction), report.Percentile(0.99));
        }

        var result = await load;
        _values[Figures.Tcp(streams, direction)] = result.BitsPerSecond / 1e6;
        _values[Figures.Retransmits(streams, direction)] = result.Retransmits;
        return result.Bytes;
    }

    private async Task SearchUdpAsync(string system, Iperf3 iperf, int packetBytes, CancellationToken cancellationToken)
    {
        var search = rates.NewSearch(system, packetBytes);
        while (search.NextRate is { } rate)
        {
            search.Report(await iperf.ProbeUdpAsync(packetBytes, rate, ProbeSeconds, cancellationToken));
        }

        if (search.Best is { } best)
        {
            rates.Remember(system, packetBytes, best.ReceivedPerSecond);
            _values[Figures.Udp(packetBytes)] = best.ReceivedPerSecond;
            _values[Figures.UdpLoss(packetBytes)] = best.LossShare * 100;
        }
        else
        {
            _faults.Add(string.Create(CultureInfo.InvariantCulture, $"UDP {packetBytes}: no rate had under 1 % loss"));
        }
    }

    private void MeasureMemory(RunningSystem running)
    {
        foreach (var role in running.Roles)
        {
            _values[Figures.Rss(role.Name)] = ProcessTree.ResidentBytes(role.Process.ProcessId) / BytesPerMegabyte;
        }

        if (running.Roles.Count > 0)
        {
            _values[Figures.RssTotal] = running.Roles.Sum(role => _values[Figures.Rss(role.Name)]);
        }
    }

    private void Put(string key, double? value)
    {
        if (value is { } known)
        {
            _values[key] = known;
        }
    }
}
