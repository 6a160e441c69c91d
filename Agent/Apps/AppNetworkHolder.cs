using System.Text;
using OrleansUem.Agent.Links;
using OrleansUem.Agent.Native;
using OrleansUem.Agent.Tun;

namespace OrleansUem.Agent.Apps;

/// <summary>
/// The process that unshare(1) starts inside the new namespaces. It is needed because a user namespace can be entered only by a process with one thread, which unshare is
/// and .NET is not. It prepares the inside, hands what it opened to <see cref="AppNetwork"/> over its standard input, and ends.
/// </summary>
public static class AppNetworkHolder
{
    /// <summary>TUN control file, rtnetlink socket, the name servers' file, then the namespaces: user, network, mount.</summary>
    internal const int DescriptorCount = FirstNamespace + 3;

    internal const int FirstNamespace = 3;

    /// <summary>Does it.</summary>
    /// <returns>An exit status; with 1 the reason was written to standard error.</returns>
    public static int Run()
    {
        var opened = new List<OwnedDescriptor>();
        try
        {
            SetKernel();
            var nameServers = AppResolverFiles.Put();
            opened.Add(LinuxTunDevice.OpenControl());
            opened.Add(RouteNetlinkSocket.OpenDescriptor());
            opened.Add(nameServers);
            foreach (var kind in new[] { "user", "net", "mnt" })
            {
                opened.Add(Open("/proc/self/ns/" + kind, Libc.OpenReadOnly));
            }

            using var agent = OwnedDescriptor.Take(0, "");
            DescriptorPassing.Send(agent, [.. opened]);
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or TunUnavailableException or NetworkLinkException or AppNetworkException)
        {
            // The agent reads it and tells the person.
            using var errors = new StreamWriter(Console.OpenStandardError());
            errors.Write(e.Message);
            return 1;
        }
        finally
        {
            opened.ForEach(descriptor => descriptor.Dispose());
        }
    }

    internal static OwnedDescriptor Open(string path, int flags) =>
        Libc.Open(path, flags | Libc.OpenCloseOnExec) is >= 0 and var descriptor
            ? OwnedDescriptor.Take(descriptor, "")
            : throw new IOException($"Opening {path} failed: {ErrnoText.Describe(ErrnoText.Last())}.");

    private static void SetKernel()
    {
        // The tunnel carries IPv4. Without an address of its own the TUN offers IPv6 no way, not even by its link-local one; loopback keeps ::1.
        Set("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");

        // A new namespace lets nobody ping without a raw socket; distributions allow it on the host.
        var group = File.ReadLines("/proc/self/status").First(line => line.StartsWith("Gid:", StringComparison.Ordinal)).Split('\t')[2];
        Set("/proc/sys/net/ipv4/ping_group_range", group == "0" ? "0 2147483647" : $"{group} {group}");

        using var loopback = NetworkLink.Open("lo");
        loopback.SetUp();
    }

    private static void Set(string path, string value)
    {
        // A kernel without IPv6 has no such file.
        if (File.Exists(path))
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            file.Write(Encoding.ASCII.GetBytes(value));
        }
    }
}
