using OrleansUem.Agent.Tunnel;
using OrleansUem.Protocol.Identity;

namespace OrleansUem.Device.Tunnels;

/// <summary>Tunnels over DTLS with the device's credentials.</summary>
internal sealed class SecureDeviceTunnelFactory(PeerCredentials credentials, int mtuBytes, TimeProvider time)
    : IDeviceTunnelFactory, IDisposable
{
    private readonly TunnelContexts _contexts = TunnelContexts.Create(credentials, mtuBytes);
    private readonly TunnelTimer _timer = new(time);

    public IDeviceTunnel Create(string node, IDeviceTunnelEvents events) => new SecureDeviceTunnel(_contexts, _timer, node, events);

    public void Dispose()
    {
        _timer.Dispose();
        _contexts.Dispose();
    }
}
