using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Agent.Identity;
using OrleansUem.Edge.State;
using OrleansUem.LoadTest.Machines;
using OrleansUem.Protocol.Identity;
using OrleansUem.Silo;
using OrleansUem.Silo.Admin;
using OrleansUem.Silo.State;

namespace OrleansUem.LoadTest.Hostile;

/// <summary>The installation that is attacked: the silo in this process, which is the attackers' too, the edge in one of its own, node and devices with their traffic in a third.</summary>
internal sealed class HostileSite : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("uem-hostile-").FullName;
    private readonly CancellationTokenSource _stopSilo = new();
    private Task _silo = Task.CompletedTask;
    private ChildProcess? _edge;
    private ChildProcess? _bystanders;

    public HostileTarget Target { get; private set; } = null!;

    public static async Task<HostileSite> StartAsync(HostileOptions options, CancellationToken cancellationToken)
    {
        var site = new HostileSite();
        try
        {
            var silo = await site.StartSiloAsync(cancellationToken);
            using var admin = new AdminConnection(silo.AdminSocketPath);
            var (devices, nodes, udp) = await site.StartEdgeAsync(options, silo, admin, cancellationToken);
            await site.StartBystandersAsync(options, admin, devices, nodes, cancellationToken);
            site.Target = new HostileTarget(options, new RelayAddress("127.0.0.1", devices), udp, Bystanders.NodeStateOf(site._folder), site._folder);
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    /// <summary>The edge's figures, from now on.</summary>
    public async Task<EdgeFigures> NextFiguresAsync(CancellationToken cancellationToken)
    {
        // The line that is being written now may have been counted before the call.
        var count = await WaitAsync(_edge!, EdgeFigures.LinePrefix, 2, cancellationToken);
        return EdgeFigures.Parse(count);
    }

    /// <summary>The figures that the edge has given from a moment on.</summary>
    public IEnumerable<EdgeFigures> FiguresSince(int line) => LinesSince(_edge!, EdgeFigures.LinePrefix, line).Select(EdgeFigures.Parse);

    /// <summary>Both tunnels' figures from a moment on.</summary>
    public IEnumerable<(TrafficFigures OverUdp, TrafficFigures OverTcp)> TrafficSince(int line) =>
        LinesSince(_bystanders!, Bystanders.LinePrefix, line).Select(ParseTraffic);

    /// <summary>The moment, for <see cref="FiguresSince"/>.</summary>
    public int EdgeLine => _edge!.LineCount;

    /// <summary>The moment, for <see cref="TrafficSince"/>.</summary>
    public int TrafficLine => _bystanders!.LineCount;

    /// <summary>Waits until both tunnels have given so many figures more.</summary>
    public Task WaitTrafficAsync(int figures, CancellationToken cancellationToken) => WaitAsync(_bystanders!, Bystanders.LinePrefix, figures, cancellationToken);

    /// <summary>Stops the traffic and waits for its last echoes.</summary>
    public async Task<(TrafficFigures OverUdp, TrafficFigures OverTcp)> FinishTrafficAsync(CancellationToken cancellationToken)
    {
        _bystanders!.Interrupt();
        var line = await _bystanders.WaitForLineAsync(
            "the last echoes", line => line.StartsWith("last ", StringComparison.Ordinal), StartLimit, cancellationToken: cancellationToken);
        return ParseTraffic(line);
    }

    public async ValueTask DisposeAsync()
    {
        Target?.Dispose();
        if (_bystanders is not null)
        {
            await _bystanders.DisposeAsync();
        }

        if (_edge is not null)
        {
            await _edge.DisposeAsync();
        }

        await _stopSilo.CancelAsync();
        await _silo;
        _stopSilo.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static (TrafficFigures OverUdp, TrafficFigures OverTcp) ParseTraffic(string line)
    {
        var words = line.Split(' ');
        return (TrafficFigures.Parse(words.AsSpan(1, 4)), TrafficFigures.Parse(words.AsSpan(5, 4)));
    }

    private static IEnumerable<string> LinesSince(ChildProcess process, string prefix, int line) =>
        process.LinesSince(line).Select(each => each.Text).Where(text => text.StartsWith(prefix, StringComparison.Ordinal));

    private static async Task<string> WaitAsync(ChildProcess process, string prefix, int count, CancellationToken cancellationToken)
    {
        var from = process.LineCount;
        var seen = 0;
        return await process.WaitForLineAsync(
            prefix, line => line.StartsWith(prefix, StringComparison.Ordinal) && ++seen >= count, StartLimit, from, cancellationToken);
    }

    private async Task<SiloReady> StartSiloAsync(CancellationToken cancellationToken)
    {
        var state = Path.Combine(_folder, "silo");
        SiloInit.Create(state, "silo-1", TimeProvider.System);
        var ready = new TaskCompletionSource<SiloReady>(TaskCreationOptions.RunContinuationsAsynchronously);
        var options = new SiloOptions { StateDirectory = state, Listen = new IPEndPoint(IPAddress.Loopback, 0) };
        _silo = SiloHost.RunAsync(options, NullLoggerFactory.Instance, TimeProvider.System, ready.SetResult, _stopSilo.Token);
        await Task.WhenAny(ready.Task, _silo).WaitAsync(cancellationToken);
        if (!ready.Task.IsCompleted)
        {
            await _silo;
            throw new InvalidOperationException("The silo ended before it was ready.");
        }

        return await ready.Task;
    }

    private async Task<(int Devices, int Nodes, int Udp)> StartEdgeAsync(HostileOptions options, SiloReady silo, AdminConnection admin, CancellationToken cancellationToken)
    {
        var token = await admin.CreateEdgeTokenAsync(new EdgeTokenRequest("edge-1", "127.0.0.1", silo.ControlEndPoint.Port), cancellationToken);
        var state = Path.Combine(_folder, "edge");
        await EdgeJoin.JoinAsync(Read(token), state, TimeProvider.System, NullLoggerFactory.Instance, cancellationToken);
        string[] arguments = ["load", "hostile-edge", "--state", state, "--silo", $"127.0.0.1:{silo.ControlEndPoint.Port}"];
        if (options.MaxPending is { } pending)
        {
            arguments = [.. arguments, "--max-pending", pending.ToString(CultureInfo.InvariantCulture)];
        }

        _edge = ChildProcess.Start(null, options.Program[0], [.. options.Program.Skip(1), .. arguments]);
        var ready = await _edge.WaitForLineAsync("the edge", line => line.StartsWith("ready ", StringComparison.Ordinal), StartLimit, cancellationToken: cancellationToken);
        var ports = ready.Split(' ').Skip(1).Select(word => int.Parse(word, CultureInfo.InvariantCulture)).ToArray();
        return (ports[0], ports[1], ports[2]);
    }

    private async Task StartBystandersAsync(HostileOptions options, AdminConnection admin, int devices, int nodes, CancellationToken cancellationToken)
    {
        var invitation = await admin.InviteAsync(new InvitationRequest("127.0.0.1", nodes), cancellationToken);

        // The invitation is a secret: not an argument.
        _bystanders = ChildProcess.Start(
            null,
            options.Program[0],
            [
                .. options.Program.Skip(1), "load", "hostile-bystanders", "--folder", _folder, "--relay", $"127.0.0.1:{devices}",
                "--packets-per-second", options.PacketsPerSecond.ToString(CultureInfo.InvariantCulture),
            ],
            input: invitation.Uri + "\n");
        await _bystanders.WaitForLineAsync("the tunnels beside", line => line == "ready", StartLimit, cancellationToken: cancellationToken);
    }

    private static EnrolmentUri Read(EnrolmentText text) =>
        EnrolmentUri.TryParse(text.Uri, out var uri, out var error) ? uri : throw new FormatException(error);
}
