using System.Net;
using OrleansUem.Agent.Tun;
using OrleansUem.Protocol.Tunnel;

namespace OrleansUem.Device.Network;

/// <summary>The device's TUN with its address and routes. One caller at a time, except for the packets of <see cref="Tun"/>.</summary>
internal interface IDeviceNetwork : IDisposable
{
    /// <summary>The packets. The same interface from start to end, so that the apps' connections outlive tunnels.</summary>
    ITunDevice Tun { get; }

    /// <summary>Makes address, MTU and routes those of the configuration; what is so already is left alone.</summary>
    /// <returns>A line for each route that was not set, and why.</returns>
    IReadOnlyList<string> Apply(TunnelConfiguration configuration);

    /// <summary>Keeps an edge's address reachable outside the tunnel when a route covers it, now or later.</summary>
    void ProtectRelay(IPAddress relay);
}
