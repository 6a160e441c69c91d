using System.Net;
using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Links;
using OrleansUem.Agent.Tun;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;

namespace OrleansUem.Device.Network;

/// <summary>
/// The TUN of a Linux device. Its address and routes vanish with it, kill -9 included; the only thing that would be left behind are the
/// host routes to edges, which are marked by their metric and removed at the next start.
/// </summary>
internal sealed partial class LinuxDeviceNetwork : IDeviceNetwork
{
    /// <summary>
    /// The metric of our host routes to edges, by which a later start knows them: "uem" in ASCII. Among routes to the same host a person's own, with a lower metric, wins.
    /// </summary>
    public const uint ExceptionMetric = 0x75656D;

    private readonly bool _acceptsDefault;
    private readonly ILogger _logger;
    private readonly LinuxTunDevice _tun;
    private readonly TunSettings _settings;
    private readonly HashSet<Ipv4Address> _relays = [];
    private readonly Dictionary<Ipv4Address, (string Interface, LinkRoute Route)> _exceptions = [];

    private LinuxDeviceNetwork(LinuxTunDevice tun, NetworkLink link, bool acceptsDefault, ILogger logger)
    {
        _tun = tun;
        _settings = new TunSettings(tun, link, logger);
        _acceptsDefault = acceptsDefault;
        _logger = logger;
    }

    public ITunDevice Tun => _tun;

    /// <summary>Makes the interface; it has no address and is down until <see cref="Apply"/>.</summary>
    /// <exception cref="TunUnavailableException">No TUN driver, no permission, or the name is taken.</exception>
    /// <exception cref="NetworkLinkException">The kernel refuses a change.</exception>
    public static LinuxDeviceNetwork Open(string name, int mtuBytes, bool acceptsDefault, ILogger logger)
    {
        RemoveLeftovers(logger);
        var tun = LinuxTunDevice.Open(new TunOptions { Name = name, MtuBytes = mtuBytes, Offloads = TunOffloads.All });
        if (tun.OffloadNotice.Length > 0)
        {
            LogOffloads(logger, tun.Name, tun.OffloadNotice);
        }

        try
        {
            return new LinuxDeviceNetwork(tun, NetworkLink.Open(tun.Name), acceptsDefault, logger);
        }
        catch
        {
            tun.Dispose();
            throw;
        }
    }

    public IReadOnlyList<string> Apply(TunnelConfiguration configuration)
    {
        var skipped = new List<string>();
        var routes = RoutePlan.Choose(configuration, _acceptsDefault, skipped);

        // Edges first: between a route and its exception the session would go into the tunnel it carries.
        _settings.Apply(configuration, routes, ProtectAll, skipped);
        return skipped;
    }

    public void ProtectRelay(IPAddress relay)
    {
        // IPv4 routes do not touch an edge that is reached over IPv6.
        if (Ipv4Address.TryFrom(relay, out var address) && address.IsUnicastHost && _relays.Add(address))
        {
            Protect(address);
        }
        else if (_exceptions.ContainsKey(address))
        {
            // The way to it may have changed with the network.
            Protect(address);
        }
    }

    public void Dispose()
    {
        foreach (var (name, route) in _exceptions.Values)
        {
            Try(() => Remove(name, route));
        }

        _exceptions.Clear();
        _settings.Dispose();
        _tun.Dispose();
    }

    /// <summary>Removes the host routes to edges that a killed agent left behind.</summary>
    public static void RemoveLeftovers() => RemoveLeftovers(Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);

    private static void RemoveLeftovers(ILogger logger)
    {
        foreach (var route in KernelRoute.ReadAll().Where(r => r.Metric == ExceptionMetric && r.Destination.Length == 32))
        {
            try
            {
                Remove(route.Interface, new LinkRoute(route.Destination) { Via = route.Via, Metric = ExceptionMetric });
                LogLeftover(logger, route.Interface);
            }
            catch (NetworkLinkException e)
            {
                LogRouteFault(logger, e.Message);
            }
        }
    }

    private static void Remove(string name, LinkRoute route)
    {
        using var link = NetworkLink.Open(name);
        link.RemoveRoute(route);
    }

    private void ProtectAll()
    {
        foreach (var relay in _relays)
        {
            Protect(relay);
        }
    }

    private void Protect(Ipv4Address relay)
    {
        if (!_settings.Routes.Any(route => route.Contains(relay)))
        {
            return;
        }

        var others = KernelRoute.ReadAll().Where(
            route => route.Interface != _tun.Name && !(route.Metric == ExceptionMetric && route.Destination.Length == 32));
        if (KernelRoute.Best(others, relay) is not { } way)
        {
            // No network at all now; the next attempt asks again.
            return;
        }

        // Set again even when it is known: the kernel drops it with an interface that goes down for a moment.
        var exception = new LinkRoute(Ipv4Prefix.Around(relay, 32)) { Via = way.Via, Metric = ExceptionMetric };
        Try(() =>
        {
            using var link = NetworkLink.Open(way.Interface);
            link.ReplaceRoute(exception);
            _exceptions[relay] = (way.Interface, exception);
        });
    }

    private void Try(Action change)
    {
        try
        {
            change();
        }
        catch (NetworkLinkException e)
        {
            // An operating failure: interfaces come and go with the network; what is left is corrected at the next attempt.
            LogRouteFault(_logger, e.Message);
        }
    }
}
