using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Identity;

/// <summary>Where an edge listens.</summary>
/// <param name="Host">Name, IPv4 or IPv6 address without brackets.</param>
/// <param name="Port">TCP port, 1..65535.</param>
public sealed record RelayAddress(string Host, int Port)
{
    /// <summary>Reads <c>HOST:PORT</c> or <c>[IPV6]:PORT</c>.</summary>
    /// <param name="text">The candidate.</param>
    /// <param name="address">The address on success.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out RelayAddress? address)
    {
        address = null;
        var colon = text?.LastIndexOf(':') ?? -1;
        if (colon < 1 || !Digits.TryParsePort(text.AsSpan(colon + 1), out var port))
        {
            return false;
        }

        var host = text![..colon];
        var isBracketed = host is ['[', .., ']'];
        host = isBracketed ? host[1..^1] : host;
        if (host.Length is 0 or > 253 || Uri.CheckHostName(host) == UriHostNameType.Unknown || (host.Contains(':') && !isBracketed))
        {
            return false;
        }

        address = new RelayAddress(host, port);
        return true;
    }

    public override string ToString() => Host.Contains(':')
        ? string.Create(CultureInfo.InvariantCulture, $"[{Host}]:{Port}")
        : string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");
}
