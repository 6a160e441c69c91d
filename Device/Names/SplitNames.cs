using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Identity;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device.Names;

/// <summary>
/// The machine's name resolution under <c>uem device up</c>: names of the organisation's domains go to its name servers in the tunnel, all others where they went before. One task does
/// the work, so that a slow system service never holds up the agent; a newer configuration replaces one that waits.
/// <para>What can't be set is reported and left: the tunnel is worth having without names.</para>
/// </summary>
internal sealed partial class SplitNames : IAsyncDisposable
{
    /// <summary>Where the stub listens: "uem" in ASCII within 127/8, so that it meets no other resolver of the machine.</summary>
    public static readonly IPAddress StubAddress = IPAddress.Parse("127.117.101.109");

    private readonly NameMode _mode;
    private readonly string _stateDirectory;
    private readonly bool _mayTakeAll;
    private readonly string _resolverPath;
    private readonly Action<DeviceStatus> _onStatus;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<bool> _wake = System.Threading.Channels.Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();
    private readonly RetakeLimit _retakes;
    private readonly ResolvedLink _link;
    private readonly ResolverFile _file;
    private readonly Task _working;
    private TunnelConfiguration? _wanted;
    private TunnelConfiguration? _applied;
    private ResolverWatch? _watch;
    private StubForwarder? _stub;
    private NameReport _report = NameReport.Nothing;
    private bool _isInResolved;

    /// <param name="options">Mode, state directory, interface.</param>
    /// <param name="onStatus">Gets <see cref="DeviceStatusKind.Names"/>.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For faults of sockets.</param>
    /// <param name="resolverPath">The file that names the machine's servers.</param>
    public SplitNames(DeviceOptions options, Action<DeviceStatus> onStatus, TimeProvider time, ILogger logger, string resolverPath = ResolverFile.DefaultPath)
    {
        (_mode, _stateDirectory, _mayTakeAll, _resolverPath) = (options.Names, options.StateDirectory, options.AcceptsDefaultRoute, resolverPath);
        (_onStatus, _time, _logger) = (onStatus, time, logger);
        _link = new ResolvedLink(options.TunName);
        _file = new ResolverFile(_stateDirectory, resolverPath);
        _retakes = new RetakeLimit(time);
        _working = Task.Run(WorkAsync);
    }

    /// <summary>How names are resolved now.</summary>
    public NameReport Report => Volatile.Read(ref _report);

    /// <summary>What the stub dropped.</summary>
    public DropCounters? Drops => Volatile.Read(ref _stub)?.Drops;

    /// <summary>A tunnel is up and this is what the node gave. Returns at once.</summary>
    public void Set(TunnelConfiguration configuration)
    {
        Volatile.Write(ref _wanted, configuration);
        _wake.Writer.TryWrite(true);
    }

    /// <summary>Everything is as before when it returns, or a line says what is not.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _working;
        await ClearAsync();
        _stop.Dispose();
    }

    private async Task WorkAsync()
    {
        try
        {
            while (await _wake.Reader.WaitToReadAsync(_stop.Token))
            {
                _wake.Reader.TryRead(out _);
                if (Interlocked.Exchange(ref _wanted, null) is { } configuration)
                {
                    await ApplyAsync(configuration);
                }
                else if (_stub is not null)
                {
                    Retake();
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The end.
        }
        catch (Exception e)
        {
            // A fault of ours: names stay as they are, and the end gives them back all the same.
            LogFault(_logger, e);
        }
    }

    private async Task ApplyAsync(TunnelConfiguration configuration)
    {
        if (_applied is { } applied && applied.DnsServers.SequenceEqual(configuration.DnsServers) && applied.DnsDomains.SequenceEqual(configuration.DnsDomains)
            && Report.By != "none")
        {
            return;
        }

        _applied = configuration;
        var servers = configuration.DnsServers.Select(server => server.ToString()).ToArray();
        if (_mode == NameMode.Off || servers.Length == 0)
        {
            await ClearAsync();
            Show("none", servers, configuration, servers.Length == 0 ? "" : "name servers are left alone (--dns off)");
        }
        else if (configuration.DnsDomains.Count == 0 && !_mayTakeAll)
        {
            await ClearAsync();
            Show("none", servers, configuration, "the node gives name servers for all names and no domains of its own; allow it with --accept-default-route");
        }
        else
        {
            try
            {
                Show(await SetAsync(configuration, servers), servers, configuration, "");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or SocketException or AgentStateException)
            {
                await ClearAsync();
                Show("none", servers, configuration, Explain(e));
            }
        }
    }

    private async Task<string> SetAsync(TunnelConfiguration configuration, string[] servers)
    {
        if (ResolverPlace.IsOfAnotherNetwork(_resolverPath))
        {
            throw new IOException($"{_resolverPath} is that of the machine outside of this network namespace; give the namespace one of its own, as /etc/netns/NAME/resolv.conf for ip netns exec");
        }

        if (_stub is null)
        {
            _file.Look();
        }

        if (_stub is null && (_mode == NameMode.Resolved || (_mode == NameMode.Auto && ResolvedLink.IsAsked(_file.Former))))
        {
            _isInResolved = true;
            await _link.ApplyAsync(servers, configuration.DnsDomains, _stop.Token);
            return "resolved";
        }

        if (ResolvedLink.IsAmong(_file.Former))
        {
            // Where it reads a resolv.conf that is not its own, it would ask the stub, which asks it.
            throw new IOException($"{_resolverPath} names systemd-resolved; use --dns resolved");
        }

        var routes = RoutesOf(configuration);
        if (_stub is null)
        {
            _stub = StubForwarder.Open(new IPEndPoint(StubAddress, NameRoutes.Port), routes, _time, _logger);
        }
        else
        {
            _stub.Routes = routes;
        }

        Take();
        return "stub";
    }

    private void Take()
    {
        _file.Take((mark, former) => former.PutBefore(mark, StubAddress, _applied!.DnsDomains));

        // What it was a link to may be another file each time.
        if (_watch?.Source != _file.Source)
        {
            _watch?.Dispose();
            _watch = null;
            _watch = new ResolverWatch(_resolverPath, _file.Source, _time, () => _wake.Writer.TryWrite(true));
        }
    }

    // The file, or the one that its link pointed to, changed.
    private void Retake()
    {
        try
        {
            var isOurs = _file.IsOurs;
            if (isOurs ? !_file.Refresh() : !_retakes.TryAdd())
            {
                if (!isOurs && Report.By != "none")
                {
                    Show("none", Report.Servers, _applied!, $"somebody else writes {_resolverPath} again and again; it is left to them");
                }

                return;
            }

            if (!isOurs)
            {
                // A network manager wrote it for a new network: its servers are the machine's now, and ours goes before them again.
                _file.Look();
                if (ResolvedLink.IsAmong(_file.Former))
                {
                    throw new IOException($"{_resolverPath} was rewritten and names systemd-resolved now; start uem device up again");
                }

                Take();
            }

            _stub!.Routes = RoutesOf(_applied!);
            Show("stub", Report.Servers, _applied!, "");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or AgentStateException)
        {
            Show("none", Report.Servers, _applied!, Explain(e));
        }
    }

    private NameRoutes RoutesOf(TunnelConfiguration configuration)
    {
        // resolv.conf(5): without a nameserver line the one on this machine is asked.
        var machine = _file.Former.Servers.Where(server => !server.Equals(StubAddress)).DefaultIfEmpty(IPAddress.Loopback);
        return new NameRoutes(
            configuration.DnsDomains.Count == 0 ? WorkDomains.All() : WorkDomains.Of(configuration.DnsDomains),
            [.. configuration.DnsServers.Select(server => new IPEndPoint(IPAddress.Parse(server.ToString()), NameRoutes.Port))],
            [.. machine.Select(server => new IPEndPoint(server, NameRoutes.Port))]);
    }

    private async Task ClearAsync()
    {
        _watch?.Dispose();
        _watch = null;
        if (_isInResolved)
        {
            _isInResolved = false;
            await _link.TryRevertAsync(CancellationToken.None);
        }

        try
        {
            // First the file, so that nobody asks a stub that is gone.
            if (ResolverFile.Restore(_stateDirectory) is { Length: > 0 } done)
            {
                _onStatus(new DeviceStatus(DeviceStatusKind.Names, done));
            }
        }
        catch (DeviceFatalException e)
        {
            _onStatus(new DeviceStatus(DeviceStatusKind.Names, e.Message));
        }

        if (_stub is { } stub)
        {
            _stub = null;
            await stub.DisposeAsync();
        }
    }

    private void Show(string by, IReadOnlyList<string> servers, TunnelConfiguration configuration, string notice)
    {
        Volatile.Write(ref _report, new NameReport(by, servers, configuration.DnsDomains, notice));
        var names = configuration.DnsDomains.Count == 0 ? "All names" : $"Names of {string.Join(' ', configuration.DnsDomains)}";
        if (by != "none")
        {
            var who = by == "resolved" ? "systemd-resolved" : $"the stub at {StubAddress}";
            _onStatus(new DeviceStatus(DeviceStatusKind.Names, $"{names} are asked of {string.Join(' ', servers)} in the tunnel, by {who}"));
        }
        else if (notice.Length > 0)
        {
            _onStatus(new DeviceStatus(DeviceStatusKind.Names, $"Names are resolved as before: {notice}"));
        }
    }

    private static string Explain(Exception e) => e is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }
        ? $"port {NameRoutes.Port} of {StubAddress} is taken by another program, which may listen on all addresses"
        : e is SocketException { SocketErrorCode: SocketError.AccessDenied }
            ? $"port {NameRoutes.Port} of {StubAddress} may not be used by this process (it needs CAP_NET_BIND_SERVICE)"
            : e.Message.ReplaceLineEndings(" ").TrimEnd('.');

    [LoggerMessage(EventId = 6402, Level = LogLevel.Error, Message = "Setting names failed")]
    private static partial void LogFault(ILogger logger, Exception exception);
}
