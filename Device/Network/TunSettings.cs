using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Links;
using OrleansUem.Agent.Tun;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;

namespace OrleansUem.Device.Network;

/// <summary>Address, MTU and routes of a device's TUN, made those of each new configuration. Not for concurrent use.</summary>
internal sealed partial class TunSettings(ITunDevice tun, NetworkLink link, ILogger logger) : IDisposable
{
    private Ipv4Address? _address;

    /// <summary>The routes that were asked for last.</summary>
    public IReadOnlyList<Ipv4Prefix> Routes { get; private set; } = [];

    /// <summary>Changes what is not so yet.</summary>
    /// <param name="configuration">The node's.</param>
    /// <param name="routes">Those to set.</param>
    /// <param name="beforeRoutes">Called when <see cref="Routes"/> is the new list and none of it is set yet.</param>
    /// <param name="skipped">Gets a line for each route that is not set.</param>
    /// <exception cref="NetworkLinkException">The kernel refuses address or MTU.</exception>
    public void Apply(TunnelConfiguration configuration, IReadOnlyList<Ipv4Prefix> routes, Action beforeRoutes, ICollection<string> skipped)
    {
        link.SetMtu(Math.Min(configuration.MtuBytes, tun.MtuBytes));
        var old = _address;
        link.AddAddress(configuration.Address, 32);
        _address = configuration.Address;
        link.SetUp();

        var before = Routes;
        Routes = routes;
        beforeRoutes();
        foreach (var route in routes)
        {
            try
            {
                link.AddRoute(RouteTo(route, configuration.Address));
            }
            catch (NetworkLinkException e)
            {
                // Most often a network that this machine is on already, which must win.
                skipped.Add($"Route {route} is not set: {e.Message}");
            }
        }

        foreach (var route in before.Except(routes))
        {
            Try(() => link.RemoveRoute(RouteTo(route, null)));
        }

        // Last: the kernel removes the routes that still have the old source with it.
        if (old is { } previous && previous != configuration.Address)
        {
            Try(() => link.RemoveAddress(previous, 32));
        }
    }

    public void Dispose() => link.Dispose();

    private static LinkRoute RouteTo(Ipv4Prefix destination, Ipv4Address? source) => new(destination) { PreferredSource = source };

    private void Try(Action change)
    {
        try
        {
            change();
        }
        catch (NetworkLinkException e)
        {
            // What is in the way is corrected with the next configuration.
            LogFault(logger, e.Message);
        }
    }

    [LoggerMessage(EventId = 6103, Level = LogLevel.Debug, Message = "{Text}")]
    private static partial void LogFault(ILogger logger, string text);
}
