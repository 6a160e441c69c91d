using System.Globalization;
using System.Text.RegularExpressions;

namespace OrleansUem.LoadTest.Throughput.Profiling;

/// <summary>Reads what <c>perf script -F pid,ip,sym,dso</c> writes: a line with the process id, a line for each frame, an empty line.</summary>
internal static partial class PerfScript
{
    public static IEnumerable<PerfSample> Read(IEnumerable<string> lines)
    {
        var frames = new List<PerfFrame>();
        int? processId = null;
        foreach (var line in lines)
        {
            if (line.Length == 0)
            {
                if (processId is { } id && frames.Count > 0)
                {
                    yield return new PerfSample(id, [.. frames]);
                }

                processId = null;
                frames.Clear();
            }
            else if (processId is null)
            {
                processId = int.TryParse(line.AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var read) ? read : null;
            }
            else if (FrameLine().Match(line) is { Success: true } match)
            {
                frames.Add(new PerfFrame(match.Groups[1].Value, match.Groups[2].Value));
            }
        }

        if (processId is { } last && frames.Count > 0)
        {
            yield return new PerfSample(last, frames);
        }
    }

    [GeneratedRegex(@"^\s*[0-9a-f]+ (.*) \(([^()]*(?:\([^()]*\))?[^()]*)\)$")]
    private static partial Regex FrameLine();
}
