using System.Globalization;
using System.Net.Sockets;

namespace OrleansUem.Agent.UserNat;

/// <summary>What this process may do for the guests of its NAT.</summary>
internal static class UserNatHost
{
    private const string LimitsPath = "/proc/self/limits";

    /// <summary>Whether an ordinary user's process may send echo requests: its group is in net.ipv4.ping_group_range, or it may open raw sockets.</summary>
    public static bool CanPing()
    {
        foreach (var type in (ReadOnlySpan<SocketType>)[SocketType.Dgram, SocketType.Raw])
        {
            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, type, ProtocolType.Icmp);
                return true;
            }
            catch (SocketException)
            {
                // Not allowed this way.
            }
        }

        return false;
    }

    /// <summary>Sockets for all guests together: half of the files that this process may open, so that its own connections always find one.</summary>
    public static int SocketsMax() => SocketsMax(File.ReadLines(LimitsPath));

    /// <summary>The same from the text of the limits' file.</summary>
    internal static int SocketsMax(IEnumerable<string> limits)
    {
        const string Name = "Max open files";
        const int WithoutLimit = 1_048_576;
        var soft = limits.FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal))?[Name.Length..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        var files = long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : WithoutLimit;
        return (int)Math.Clamp(files / 2, 1, WithoutLimit / 2);
    }
}
