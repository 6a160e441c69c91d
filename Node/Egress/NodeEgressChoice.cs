using OrleansUem.Agent.Native;
using OrleansUem.Agent.Tun;
using OrleansUem.Agent.UserNat;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.Node.Egress;

/// <summary>Which way a node takes, by its settings and by what its process may do.</summary>
internal static class NodeEgressChoice
{
    /// <summary>Opens it.</summary>
    /// <exception cref="TunUnavailableException">No TUN driver, no permission, or the name is taken.</exception>
    /// <exception cref="Agent.Links.NetworkLinkException">The TUN's address can't be set.</exception>
    /// <exception cref="Agent.Nat.MasqueradeException">nft is missing or refuses.</exception>
    /// <exception cref="UserNatUnavailableException">libslirp is missing.</exception>
    public static INodeEgress Open(NodeSettings settings, Ipv4Address nodeAddress, NodeMetrics metrics, TimeProvider time)
    {
        switch (settings.Options.Egress)
        {
            case NodeEgressKind.Tun:
                return LinuxNodeEgress.Open(settings, nodeAddress);
            case NodeEgressKind.User:
                return UserNodeEgress.Open(settings, nodeAddress, metrics, time, "");
        }

        if (FindObstacle() is not { } obstacle)
        {
            return LinuxNodeEgress.Open(settings, nodeAddress);
        }

        try
        {
            return UserNodeEgress.Open(settings, nodeAddress, metrics, time, $" ({obstacle})");
        }
        catch (UserNatUnavailableException e)
        {
            throw new UserNatUnavailableException($"No TUN can be had ({obstacle}), and without one: {e.Message}", e);
        }
    }

    /// <summary>Why no TUN can be made here; null: it can.</summary>
    private static string? FindObstacle()
    {
        if (!ProcessCapabilities.MayManageNetwork())
        {
            return "this process has no CAP_NET_ADMIN";
        }

        return LinuxTunDevice.CanOpenControl() ? null : "/dev/net/tun can't be opened";
    }
}
