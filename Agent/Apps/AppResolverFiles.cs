using OrleansUem.Agent.Native;

namespace OrleansUem.Agent.Apps;

/// <summary>
/// Names inside the apps' network: the files that say how they are resolved (resolv.conf(5), nsswitch.conf(5)) are replaced, and services of the machine that would resolve
/// them outside are out of sight. Works on the mount namespace of this process, which nobody else is in yet.
/// </summary>
internal static class AppResolverFiles
{
    private const string ResolverFile = "/etc/resolv.conf";
    private const string SwitchFile = "/etc/nsswitch.conf";
    private const string Workshop = "/tmp";

    // Sockets in the file system cross network namespaces: systemd-resolved, the name service cache, multicast DNS.
    private static readonly string[] ServiceDirectories = ["/run/systemd/resolve", "/run/nscd", "/var/run/nscd", "/run/avahi-daemon"];

    /// <summary>Puts everything in place.</summary>
    /// <returns>The file that is /etc/resolv.conf inside, still without a name server.</returns>
    public static OwnedDescriptor Put()
    {
        foreach (var directory in ServiceDirectories.Where(Directory.Exists))
        {
            Mounts.Cover(directory);
        }

        var target = FindTarget();
        Mounts.Cover(Workshop);
        try
        {
            var source = Path.Combine(Workshop, "resolv.conf");
            Write(source, "# The tunnel has no name server yet.\n");
            Mounts.Bind(source, target);
            if (File.Exists(SwitchFile))
            {
                var switchSource = Path.Combine(Workshop, "nsswitch.conf");
                Write(switchSource, RewriteSwitch(File.ReadAllLines(SwitchFile)));
                Mounts.Bind(switchSource, SwitchFile);
            }

            return AppNetworkHolder.Open(source, Libc.OpenReadWrite);
        }
        finally
        {
            Mounts.Uncover(Workshop);
        }
    }

    /// <summary>Leaves files, the machine's own name and DNS as the ways to resolve a host's name.</summary>
    internal static string RewriteSwitch(IEnumerable<string> lines)
    {
        var kept = lines.Select(line =>
        {
            if (!line.TrimStart().StartsWith("hosts:", StringComparison.Ordinal))
            {
                return line;
            }

            var hasOwnName = line.Split((char[]?)null).Contains("myhostname");
            return hasOwnName ? "hosts: files myhostname dns" : "hosts: files dns";
        });
        return string.Join('\n', kept) + "\n";
    }

    private static string FindTarget()
    {
        if (!Path.Exists(ResolverFile) && new FileInfo(ResolverFile).LinkTarget is null)
        {
            throw new AppNetworkException($"{ResolverFile} does not exist, so it can't be replaced for the apps: make an empty one (touch {ResolverFile}) as root");
        }

        var target = new FileInfo(ResolverFile).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? ResolverFile;
        if (ServiceDirectories.Any(directory => target.StartsWith(directory + "/", StringComparison.Ordinal)))
        {
            // It was in a directory that is covered now.
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            Write(target, "");
        }

        return File.Exists(target)
            ? target
            : throw new AppNetworkException($"{ResolverFile} points to {target}, which does not exist, so it can't be replaced for the apps");
    }

    // Apps of any user read it; its owner is this process's user.
    private static void Write(string path, string text)
    {
        File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }
    }
}
