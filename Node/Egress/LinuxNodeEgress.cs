using OrleansUem.Agent.Links;
using OrleansUem.Agent.Nat;
using OrleansUem.Agent.Tun;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.Node.Egress;

/// <summary>
/// A TUN with the node's address, forwarding in the kernel and, if asked for, address translation. Whatever a killed process left behind vanished with its TUN or is
/// replaced: the translation's table has a fixed name for each TUN.
/// </summary>
internal sealed class LinuxNodeEgress : INodeEgress
{
    private readonly LinuxTunDevice _tun;
    private NftablesMasquerade? _masquerade;
    private IpForwarding? _forwarding;

    private LinuxNodeEgress(LinuxTunDevice tun, string description) => (_tun, Description) = (tun, description);

    public ITunDevice Tun => _tun;

    public string Description { get; }

    /// <exception cref="TunUnavailableException">No TUN driver, no permission, or the name is taken.</exception>
    /// <exception cref="NetworkLinkException">The address can't be set.</exception>
    /// <exception cref="MasqueradeException">nft is missing or refuses.</exception>
    public static LinuxNodeEgress Open(NodeSettings settings, Ipv4Address nodeAddress)
    {
        var tun = LinuxTunDevice.Open(
            new TunOptions { Name = settings.Options.TunName, MtuBytes = settings.Options.MtuBytes, Offloads = TunOffloads.All });
        var egress = new LinuxNodeEgress(
            tun, $"{tun.Name} is up with {nodeAddress}/{settings.Pool.Length}, {(settings.Options.IsNatEnabled ? "translating addresses" : "routing")}");
        try
        {
            using var link = NetworkLink.Open(egress.Tun.Name);
            link.AddAddress(nodeAddress, settings.Pool.Length);
            link.SetUp();
            if (settings.Options.IsNatEnabled)
            {
                egress._masquerade = NftablesMasquerade.Install(new MasqueradeOptions
                {
                    Name = TableName(egress.Tun.Name),
                    TunName = egress.Tun.Name,
                    Pool = settings.Pool,
                });
            }
            else
            {
                egress._forwarding = IpForwarding.Enable();
            }

            return egress;
        }
        catch
        {
            egress.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _masquerade?.Dispose();
        _forwarding?.Dispose();
        _tun.Dispose();
    }

    // A table's name has fewer kinds of characters than an interface's.
    private static string TableName(string tunName) => string.Concat(tunName.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
}
