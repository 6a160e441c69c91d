using System.Net.Sockets;
using OrleansUem.Transport;

namespace OrleansUem.Agent.UserNat;

/// <summary>What this process may do for the guests of its NAT.</summary>
internal static class UserNatHost
{
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
    public static int SocketsMax() => SocketsMax(OpenFiles.FindLimit());

    /// <summary>The same for a limit of files; null: without one.</summary>
    internal static int SocketsMax(long? files)
    {
        const int WithoutLimit = 1_048_576;
        return (int)Math.Clamp((files ?? WithoutLimit) / 2, 1, WithoutLimit / 2);
    }
}
