using System.Globalization;
using System.Text.RegularExpressions;
using OrleansUem.LoadTest.Machines;

namespace OrleansUem.LoadTest.Throughput.Measuring;

/// <summary>Counts what leaves a namespace towards the relay by protocol (nftables), to show how a tunnel was really carried.</summary>
/// <param name="where">Device or corp.</param>
internal sealed partial class OuterTraffic(NetNamespace where)
{
    private const string Table = "uem_outer";

    /// <summary>Whether nft is installed.</summary>
    public static bool IsAvailable => CommandPath.Find("nft") is not null;

    /// <summary>Begins at zero.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => CommandLine.RunAsync(
        where,
        $$"""
        table inet {{Table}} {
          counter over_udp { }
          counter over_tcp { }
          chain sent {
            type filter hook output priority 0;
            oifname "{{LabNetwork.OuterInterface}}" meta l4proto udp counter name over_udp
            oifname "{{LabNetwork.OuterInterface}}" meta l4proto tcp counter name over_tcp
          }
        }
        """,
        cancellationToken,
        "nft", "-f", "-");

    /// <summary>Ends counting.</summary>
    /// <returns>The share of UDP in the bytes, 0..1; null when nothing left.</returns>
    public async Task<double?> StopAsync(CancellationToken cancellationToken)
    {
        var text = await CommandLine.RunAsync(where, null, cancellationToken, "nft", "list", "table", "inet", Table);
        await CommandLine.RunAsync(where, null, cancellationToken, "nft", "delete", "table", "inet", Table);
        return ReadUdpShare(text);
    }

    /// <summary>Reads the two counters from what nft lists.</summary>
    public static double? ReadUdpShare(string listing)
    {
        var bytes = CounterBytes().Matches(listing)
            .ToDictionary(match => match.Groups[1].Value, match => double.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture), StringComparer.Ordinal);
        var (udp, tcp) = (bytes.GetValueOrDefault("udp"), bytes.GetValueOrDefault("tcp"));
        return udp + tcp > 0 ? udp / (udp + tcp) : null;
    }

    [GeneratedRegex(@"counter over_(udp|tcp) \{\s*packets \d+ bytes (\d+)")]
    private static partial Regex CounterBytes();
}
