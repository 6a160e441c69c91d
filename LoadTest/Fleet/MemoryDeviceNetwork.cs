using System.Net;
using OrleansUem.Agent.Tun;
using OrleansUem.Device.Network;
using OrleansUem.Protocol.Tunnel;

namespace OrleansUem.LoadTest.Fleet;

/// <summary>A simulated device's network: the agent has one end of a pair of TUNs, the app that makes the load has the other.</summary>
internal sealed class MemoryDeviceNetwork : IDeviceNetwork
{
    private readonly MemoryTunDevice _agentSide;
    private readonly Action<TunnelConfiguration> _onConfigured;

    public MemoryDeviceNetwork(int mtuBytes, Action<TunnelConfiguration> onConfigured)
    {
        (_agentSide, App) = MemoryTunDevice.CreatePair(mtuBytes);
        _onConfigured = onConfigured;
    }

    public ITunDevice Tun => _agentSide;

    /// <summary>What apps write is sent through the tunnel; what comes back is read here.</summary>
    public MemoryTunDevice App { get; }

    public IReadOnlyList<string> Apply(TunnelConfiguration configuration)
    {
        _onConfigured(configuration);
        return [];
    }

    public void ProtectRelay(IPAddress relay)
    {
        // Nothing to protect: no route of this machine leads into the memory.
    }

    public void Dispose()
    {
        _agentSide.Dispose();
        App.Dispose();
    }
}
