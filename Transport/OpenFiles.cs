using System.Globalization;

namespace OrleansUem.Transport;

/// <summary>How many files, sockets among them, the kernel lets this process have open.</summary>
public static class OpenFiles
{
    // Where Linux tells a process its limits (proc_pid_limits(5)).
    private const string LimitsPath = "/proc/self/limits";

    private const string Name = "Max open files";

    /// <summary>The soft limit; null: there is none, or the system does not tell (not Linux, no /proc).</summary>
    public static long? FindLimit()
    {
        try
        {
            return File.Exists(LimitsPath) ? ReadLimit(File.ReadLines(LimitsPath)) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A sandbox that hides it: the limit shows when it is met.
            return null;
        }
    }

    /// <summary>The same from the lines of the file.</summary>
    internal static long? ReadLimit(IEnumerable<string> lines)
    {
        var soft = lines.FirstOrDefault(static line => line.StartsWith(Name, StringComparison.Ordinal))?[Name.Length..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var files) ? files : null;
    }
}
