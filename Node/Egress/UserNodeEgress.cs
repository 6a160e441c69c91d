using OrleansUem.Agent.Tun;
using OrleansUem.Agent.UserNat;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.Node.Egress;

/// <summary>
/// The organisation's network through sockets of this process: for a node without any right over the network. The forwarder has judged every packet before it comes here, as with a TUN.
/// </summary>
internal sealed class UserNodeEgress : INodeEgress
{
    private readonly UserNatDevice _device;

    private UserNodeEgress(UserNatDevice device, string description) => (_device, Description) = (device, description);

    public ITunDevice Tun => _device;

    public string Description { get; }

    /// <param name="settings">The node's settings.</param>
    /// <param name="nodeAddress">The node's address in the pool.</param>
    /// <param name="metrics">Counts drops.</param>
    /// <param name="time">The clock.</param>
    /// <param name="reason">Why not a TUN, for the status line.</param>
    /// <exception cref="UserNatUnavailableException">libslirp is missing.</exception>
    public static UserNodeEgress Open(NodeSettings settings, Ipv4Address nodeAddress, NodeMetrics metrics, TimeProvider time, string reason)
    {
        var options = new UserNatOptions { Pool = settings.Pool, OwnAddress = nodeAddress, MtuBytes = settings.Options.MtuBytes };
        var device = UserNatDevice.Open(options, metrics.Drop, time);
        return new UserNodeEgress(device, $"{device.Name} is up with {nodeAddress}/{settings.Pool.Length}, translating addresses without root{reason}");
    }

    public void Dispose() => _device.Dispose();
}
