namespace OrleansUem.Device.Names;

/// <summary>
/// Whose the file of name servers is. A process in a named network namespace (<c>ip netns exec NAME</c>) sees the machine's file as long as nothing else is mounted in its place, and must not write there: the stub listens in
/// another network than the programs that would read of it, and systemd-resolved knows other interfaces. ip-netns(8) mounts <c>/etc/netns/NAME/resolv.conf</c> over it where there is one.
/// </summary>
internal static class ResolverPlace
{
    // Columns of a line in /proc/PID/mountinfo (proc_pid_mountinfo(5)): what is mounted, and where.
    private const int RootColumn = 3;
    private const int MountPointColumn = 4;

    /// <summary>Whether the file is that of the machine outside of this process's network namespace. False where the kernel does not tell.</summary>
    /// <param name="path">Absolute.</param>
    public static bool IsOfAnotherNetwork(string path)
    {
        try
        {
            return new FileInfo("/proc/self/ns/net").LinkTarget is { } network && IsOfAnotherNetwork(File.ReadAllText("/proc/self/mountinfo"), network, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No proc file system: not a machine that has named namespaces either.
            return false;
        }
    }

    /// <summary>The rule: the network has a name in /run/netns, and nothing but the root file system is mounted above the file.</summary>
    /// <param name="mounts">The text of a mountinfo.</param>
    /// <param name="network">What /proc/PID/ns/net links to: net:[INODE].</param>
    /// <param name="path">Absolute.</param>
    public static bool IsOfAnotherNetwork(string mounts, string network, string path)
    {
        var isNamed = false;
        foreach (var line in mounts.Split('\n'))
        {
            var columns = line.Split(' ');
            if (columns.Length <= MountPointColumn)
            {
                continue;
            }

            var point = columns[MountPointColumn];
            isNamed |= columns[RootColumn] == network && point.Contains("/netns/", StringComparison.Ordinal);
            if (point != "/" && (path == point || path.StartsWith(point + "/", StringComparison.Ordinal)))
            {
                return false;
            }
        }

        return isNamed;
    }
}
