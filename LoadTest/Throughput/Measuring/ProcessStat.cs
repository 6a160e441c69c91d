using System.Globalization;

namespace OrleansUem.LoadTest.Throughput.Measuring;

/// <summary>The fields of /proc/PID/stat that the measurements need (proc(5)).</summary>
/// <param name="ParentId">Field 4.</param>
/// <param name="CpuTicks">User and system time with that of children that were waited for, fields 14 to 17.</param>
internal readonly record struct ProcessStat(int ParentId, long CpuTicks)
{
    /// <summary>USER_HZ: 100 on every architecture that .NET runs on.</summary>
    public const double TicksPerSecond = 100;

    /// <exception cref="FormatException">Not such a line.</exception>
    public static ProcessStat Read(string line)
    {
        // The name in parentheses may hold spaces and parentheses itself.
        var fields = line[(line.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 15)
        {
            throw new FormatException($"'{line}' is no line of /proc/PID/stat.");
        }

        return new ProcessStat(
            int.Parse(fields[1], CultureInfo.InvariantCulture),
            fields[11..15].Sum(field => long.Parse(field, CultureInfo.InvariantCulture)));
    }
}
