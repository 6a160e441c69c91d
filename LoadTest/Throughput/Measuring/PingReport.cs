using System.Globalization;
using System.Text.RegularExpressions;

namespace OrleansUem.LoadTest.Throughput.Measuring;

/// <summary>Round trips that <c>ping</c> of iputils printed.</summary>
/// <param name="Milliseconds">One each answer, in ascending order.</param>
/// <param name="Sent">Requests.</param>
internal sealed partial record PingReport(IReadOnlyList<double> Milliseconds, int Sent)
{
    /// <exception cref="FormatException">The text has no summary.</exception>
    public static PingReport Read(string output)
    {
        var sent = SentCount().Match(output);
        if (!sent.Success)
        {
            throw new FormatException("ping wrote no summary.");
        }

        return new PingReport(
            [.. RoundTrip().Matches(output).Select(match => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)).Order()],
            int.Parse(sent.Groups[1].Value, CultureInfo.InvariantCulture));
    }

    /// <summary>The smallest round trip that at least this share of the requests did not exceed; a lost one exceeds all.</summary>
    /// <param name="share">0..1.</param>
    /// <returns>Milliseconds; null: too many were lost to tell.</returns>
    public double? Percentile(double share)
    {
        var rank = Math.Max((int)Math.Ceiling(share * Sent), 1) - 1;
        return rank < Milliseconds.Count ? Milliseconds[rank] : null;
    }

    [GeneratedRegex(@"\btime=([0-9.]+) ms")]
    private static partial Regex RoundTrip();

    [GeneratedRegex(@"(\d+) packets transmitted")]
    private static partial Regex SentCount();
}
