using System.Globalization;

namespace OrleansUem.LoadTest.Throughput.Measuring;

/// <summary>The first line of /proc/stat: time of all processors since the start.</summary>
/// <param name="Busy">Ticks at work, for the hypervisor's other guests included.</param>
/// <param name="Total">All ticks.</param>
internal readonly record struct MachineTimes(long Busy, long Total)
{
    public static MachineTimes Now() => Read(File.ReadLines("/proc/stat").First());

    /// <exception cref="FormatException">Not that line.</exception>
    public static MachineTimes Read(string line)
    {
        var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 9 || fields[0] != "cpu")
        {
            throw new FormatException($"'{line}' is not the first line of /proc/stat.");
        }

        // user nice system idle iowait irq softirq steal; guest time is in user already.
        var ticks = fields[1..9].Select(field => long.Parse(field, CultureInfo.InvariantCulture)).ToArray();
        var total = ticks.Sum();
        return new MachineTimes(total - ticks[3] - ticks[4], total);
    }

    /// <summary>The busy share since an earlier moment, 0..1.</summary>
    public double BusyShareSince(MachineTimes earlier) => Total > earlier.Total ? (double)(Busy - earlier.Busy) / (Total - earlier.Total) : 0;
}
