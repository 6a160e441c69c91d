namespace OrleansUem.Device.Tunnels;

/// <summary>Makes the device's end of end-to-end tunnels.</summary>
internal interface IDeviceTunnelFactory
{
    /// <summary>Prepares a tunnel to the node; nothing is sent before <see cref="IDeviceTunnel.Start"/>.</summary>
    IDeviceTunnel Create(string node, IDeviceTunnelEvents events);
}
