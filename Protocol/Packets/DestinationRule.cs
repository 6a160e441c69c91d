using System.Globalization;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Packets;

/// <summary>
/// One rule about where a packet may go. Text form:
/// <code>
///   rule     = [ "!" ] prefix [ ":" protocol [ "/" ports ] ]      "!" denies, otherwise the rule allows
///   prefix   = address [ "/" length ]                             host bits must be zero
///   protocol = "any" | "tcp" | "udp" | "icmp" | 0..255
///   ports    = "*" | range *( "," range )                         tcp and udp only
///   range    = port [ "-" port ]                                  1..65535
/// </code>
/// Examples: <c>10.1.0.0/16:tcp/80,443</c>, <c>10.0.0.53:udp/53</c>, <c>!10.9.0.0/16</c>, <c>10.0.0.0/8</c>.
/// </summary>
public sealed class DestinationRule
{
    /// <summary>Arbitrary, far above what a person writes; bounds the work per packet.</summary>
    public const int PortRangesMax = 64;

    private readonly PortRange[] _ports;

    private DestinationRule(bool isAllow, Ipv4Prefix prefix, IpProtocolNumber? protocol, PortRange[] ports)
    {
        IsAllow = isAllow;
        Prefix = prefix;
        Protocol = protocol;
        _ports = ports;
    }

    /// <summary>False when a match denies.</summary>
    public bool IsAllow { get; }

    /// <summary>Destinations the rule is about.</summary>
    public Ipv4Prefix Prefix { get; }

    /// <summary>The protocol, or null for any.</summary>
    public IpProtocolNumber? Protocol { get; }

    /// <summary>Destination ports; empty for any.</summary>
    public ReadOnlySpan<PortRange> Ports => _ports;

    /// <summary>Parses one rule.</summary>
    /// <param name="text">The rule, without white space inside.</param>
    /// <param name="rule">The rule, or null on failure.</param>
    /// <param name="error">What is wrong, quoting the rule and its bad part, or null.</param>
    public static bool TryParse(string text, out DestinationRule? rule, out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        rule = null;
        bool isAllow = !text.StartsWith('!');
        ReadOnlySpan<char> rest = text.AsSpan(isAllow ? 0 : 1);
        int colon = rest.IndexOf(':');
        if (!Ipv4Prefix.TryParse(colon < 0 ? rest : rest[..colon], out Ipv4Prefix prefix, out error))
        {
            error = $"rule '{text}': {error}";
            return false;
        }

        IpProtocolNumber? protocol = null;
        PortRange[] ports = [];
        if (colon >= 0 && !TryParseService(rest[(colon + 1)..], out protocol, out ports, out error))
        {
            error = $"rule '{text}': {error}";
            return false;
        }

        rule = new DestinationRule(isAllow, prefix, protocol, ports);
        return true;
    }

    /// <summary>The text form, which parses to an equal rule.</summary>
    public override string ToString()
    {
        string text = (IsAllow ? "" : "!") + Prefix;
        if (Protocol is not { } protocol)
        {
            return text;
        }

        string name = Enum.IsDefined(protocol)
            ? protocol.ToString().ToLowerInvariant()
            : ((byte)protocol).ToString(CultureInfo.InvariantCulture);
        return _ports.Length == 0 ? $"{text}:{name}" : $"{text}:{name}/{string.Join(',', _ports)}";
    }

    /// <summary>True when prefix and protocol fit the packet, whatever its ports.</summary>
    internal bool MatchesWithoutPorts(in Ipv4Packet packet) =>
        Prefix.Contains(packet.Destination) && (Protocol is null || Protocol == packet.Protocol);

    internal bool MatchesPort(ushort port)
    {
        foreach (PortRange range in _ports)
        {
            if (range.Contains(port))
            {
                return true;
            }
        }

        return _ports.Length == 0;
    }

    private static bool TryParseService(
        ReadOnlySpan<char> text, out IpProtocolNumber? protocol, out PortRange[] ports, out string? error)
    {
        ports = [];
        int slash = text.IndexOf('/');
        ReadOnlySpan<char> name = slash < 0 ? text : text[..slash];
        if (!TryParseProtocol(name, out protocol))
        {
            error = $"'{name}' is not a protocol: any, tcp, udp, icmp or a number from 0 to 255";
            return false;
        }

        if (slash < 0 || text[(slash + 1)..] is "*")
        {
            error = null;
            return true;
        }

        if (protocol is not (IpProtocolNumber.Tcp or IpProtocolNumber.Udp))
        {
            error = $"'{name}' has no ports; only tcp and udp do";
            return false;
        }

        return TryParsePorts(text[(slash + 1)..], out ports, out error);
    }

    private static bool TryParseProtocol(ReadOnlySpan<char> name, out IpProtocolNumber? protocol)
    {
        protocol = name switch
        {
            "tcp" => IpProtocolNumber.Tcp,
            "udp" => IpProtocolNumber.Udp,
            "icmp" => IpProtocolNumber.Icmp,
            _ => null,
        };
        if (protocol is not null || name is "any")
        {
            return true;
        }

        bool isNumber = Digits.TryParse(name, byte.MaxValue, out ulong number);
        protocol = (IpProtocolNumber)number;
        return isNumber;
    }

    private static bool TryParsePorts(ReadOnlySpan<char> text, out PortRange[] ports, out string? error)
    {
        List<PortRange> ranges = [];
        ports = [];
        foreach (Range part in text.Split(','))
        {
            if (ranges.Count == PortRangesMax)
            {
                error = $"more than {PortRangesMax} port ranges";
                return false;
            }

            if (!PortRange.TryParse(text[part], out PortRange range))
            {
                error = $"'{text[part]}' is not a port from 1 to 65535 or a range such as 8000-8100";
                return false;
            }

            ranges.Add(range);
        }

        ports = [.. ranges];
        error = null;
        return true;
    }
}
