using System.Net;
using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Apps;
using OrleansUem.Agent.Tun;
using OrleansUem.Protocol.Tunnel;

namespace OrleansUem.Device.Network;

/// <summary>The TUN inside an <see cref="AppNetwork"/>: routes and name servers for the apps in there, nothing of this machine is touched.</summary>
internal sealed class AppDeviceNetwork : IDeviceNetwork
{
    private readonly AppNetwork _network;
    private readonly LinuxTunDevice _tun;
    private readonly TunSettings _settings;

    private AppDeviceNetwork(AppNetwork network, LinuxTunDevice tun, TunSettings settings)
    {
        _network = network;
        _tun = tun;
        _settings = settings;
    }

    public ITunDevice Tun => _tun;

    /// <summary>Makes the interface; it has no address and is down until <see cref="Apply"/>.</summary>
    /// <param name="network">Where; its owner disposes it after this.</param>
    /// <param name="name">The interface's name.</param>
    /// <param name="mtuBytes">The largest packet.</param>
    /// <param name="logger">For what is corrected later.</param>
    public static AppDeviceNetwork Open(AppNetwork network, string name, int mtuBytes, ILogger logger)
    {
        var tun = network.OpenTun(new TunOptions { Name = name, MtuBytes = mtuBytes });
        try
        {
            return new AppDeviceNetwork(network, tun, new TunSettings(tun, network.OpenLink(tun.Name), logger));
        }
        catch
        {
            tun.Dispose();
            throw;
        }
    }

    public IReadOnlyList<string> Apply(TunnelConfiguration configuration)
    {
        // A default route is no decision of a person here: these apps have no other way than the tunnel anyhow.
        var notes = new List<string>();
        var routes = RoutePlan.Choose(configuration, acceptsDefault: true, notes);
        _settings.Apply(configuration, routes, static () => { }, notes);
        _network.WriteResolverFile(AppResolverText.Make(configuration));
        return notes;
    }

    public void ProtectRelay(IPAddress relay)
    {
        // The session to the relay is in another network namespace.
    }

    public void Dispose()
    {
        _settings.Dispose();
        _tun.Dispose();
    }
}
