using System.Net;
using OrleansUem.Agent.Tun;
using OrleansUem.Device.Network;
using OrleansUem.Protocol.Tunnel;

namespace OrleansUem.Tests.Device;

/// <summary>Network settings that are only remembered, over a TUN in memory.</summary>
internal sealed class ScriptedNetwork : IDeviceNetwork
{
    private readonly MemoryTunDevice _tun;

    public ScriptedNetwork(TunOffloads offloads = TunOffloads.None) => (_tun, Kernel) = MemoryTunDevice.CreatePair(offloads: offloads);

    public ITunDevice Tun => _tun;

    /// <summary>The kernel's side of the TUN.</summary>
    public MemoryTunDevice Kernel { get; }

    public List<TunnelConfiguration> Applied { get; } = [];

    public List<IPAddress> Relays { get; } = [];

    public IReadOnlyList<string> Apply(TunnelConfiguration configuration)
    {
        Applied.Add(configuration);
        return [];
    }

    public void ProtectRelay(IPAddress relay) => Relays.Add(relay);

    public void Dispose()
    {
        _tun.Dispose();
        Kernel.Dispose();
    }
}
