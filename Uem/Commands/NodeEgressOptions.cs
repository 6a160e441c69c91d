using System.CommandLine;
using System.CommandLine.Parsing;
using OrleansUem.Node;

namespace OrleansUem.Uem.Commands;

/// <summary>What a node gives to devices and lets them reach.</summary>
internal sealed class NodeEgressOptions
{
    private static readonly NodeOptions Defaults = new() { StateDirectory = "" };

    private readonly Option<string> _pool = new("--pool") { Description = "addresses for devices; the node takes the first", HelpName = "CIDR", DefaultValueFactory = _ => Defaults.Pool };
    private readonly Option<string[]> _routes = new("--route") { Description = "what devices send into the tunnel; may be given several times (default: what --allow names)", HelpName = "CIDR" };
    private readonly Option<string[]> _allow = new("--allow")
    {
        Description = "what devices may reach, as 10.1.0.0/16, 10.1.0.0/16:tcp/80,443 or !10.1.9.0/24 to deny; the first match decides (default: what --route names)",
        HelpName = "RULE",
    };

    private readonly Option<string[]> _dns = new("--dns") { Description = "DNS server for devices; may be given several times", HelpName = "ADDRESS" };
    private readonly Option<string[]> _domains = new("--dns-domain") { Description = "domain that those servers are asked for; may be given several times", HelpName = "DOMAIN" };
    private readonly Option<NodeEgressKind> _egress = new("--egress")
    {
        Description = "how packets reach the network: tun (needs root or CAP_NET_ADMIN), user (sockets of this process, needs no rights), auto (tun if allowed, else user)",
        HelpName = "WAY",
        CustomParser = ReadEgress,
        DefaultValueFactory = _ => Defaults.Egress,
    };

    private readonly Option<bool> _nat = new("--nat") { Description = "packets leave under the node's own address (else the network must route the pool to the node); always so with --egress user" };
    private readonly Option<bool> _deviceToDevice = new("--device-to-device") { Description = "devices may reach each other through the node" };
    private readonly Option<string> _tun = new("--tun") { Description = "name of the node's tunnel interface; %d becomes the first free number", HelpName = "NAME", DefaultValueFactory = _ => Defaults.TunName };
    private readonly Option<int> _mtu = new("--mtu") { HelpName = "BYTES", Description = "MTU of that interface in bytes, 576..9000", DefaultValueFactory = _ => Defaults.MtuBytes };
    private readonly Option<bool> _noUdp = new("--no-udp") { Description = "carry all data to the relay over TLS on TCP" };
    private readonly Option<int> _maxTunnels = new("--max-tunnels") { HelpName = "COUNT", Description = "tunnels that the node carries at most", DefaultValueFactory = _ => Defaults.MaxTunnels };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _pool, _routes, _allow, _dns, _domains, _egress, _nat, _deviceToDevice, _tun, _mtu, _noUdp, _maxTunnels })
        {
            command.Add(option);
        }
    }

    /// <exception cref="FormatException">The options leave nothing that a device could reach.</exception>
    public NodeOptions Read(ParseResult parsed, string stateDirectory)
    {
        if (parsed.GetValue(_routes) is not { Length: > 0 } && parsed.GetValue(_allow) is not { Length: > 0 } && !parsed.GetValue(_deviceToDevice))
        {
            throw new FormatException(
                "Neither --route nor --allow is given, so devices could reach nothing. Name the organisation's networks, as in --route 10.1.0.0/16.");
        }

        return ReadAll(parsed, stateDirectory);
    }

    private static NodeEgressKind ReadEgress(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (Enum.GetValues<NodeEgressKind>().Any(kind => kind.ToString().Equals(text, StringComparison.OrdinalIgnoreCase)))
        {
            return Enum.Parse<NodeEgressKind>(text, ignoreCase: true);
        }

        result.AddError($"--egress '{text}' is none of auto, tun, user.");
        return default;
    }

    private NodeOptions ReadAll(ParseResult parsed, string stateDirectory) => new()
    {
        StateDirectory = stateDirectory,
        Pool = parsed.GetRequiredValue(_pool),
        Routes = parsed.GetValue(_routes) ?? [],
        Allow = parsed.GetValue(_allow) ?? [],
        DnsServers = parsed.GetValue(_dns) ?? [],
        DnsDomains = parsed.GetValue(_domains) ?? [],
        Egress = parsed.GetValue(_egress),
        IsNatEnabled = parsed.GetValue(_nat),
        IsDeviceToDeviceAllowed = parsed.GetValue(_deviceToDevice),
        TunName = parsed.GetRequiredValue(_tun),
        MtuBytes = parsed.GetValue(_mtu),
        UsesUdp = !parsed.GetValue(_noUdp),
        MaxTunnels = parsed.GetValue(_maxTunnels),
    };
}
