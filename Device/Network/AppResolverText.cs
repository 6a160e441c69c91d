using System.Text;
using OrleansUem.Protocol.Tunnel;

namespace OrleansUem.Device.Network;

/// <summary>resolv.conf(5) for apps whose only way out is the tunnel. Pure.</summary>
internal static class AppResolverText
{
    /// <summary>Writes it.</summary>
    /// <param name="configuration">The node's name servers, best first, and its domains.</param>
    /// <returns>The file's text. Without name servers every name fails at once: a resolver of this machine must not see the names.</returns>
    public static string Make(TunnelConfiguration configuration)
    {
        var text = new StringBuilder($"# Of the tunnel to {configuration.NodeName}.\n");
        foreach (var server in configuration.DnsServers)
        {
            text.Append($"nameserver {server}\n");
        }

        if (configuration.DnsDomains.Count > 0)
        {
            text.Append($"search {string.Join(' ', configuration.DnsDomains)}\n");
        }

        return text.ToString();
    }
}
