using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using OrleansUem.Tests.ActorHosts;

namespace OrleansUem.Tests.Kit;

/// <summary>Finds out once per test run what the machine offers, so that a test without it is skipped with the reason.</summary>
internal static class RequirementCheck
{
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(20);
    private static readonly ConcurrentDictionary<Requirement, string?> Probed = new();

    /// <summary>A user id that nobody has on a machine of ours.</summary>
    public const string UnprivilegedUser = "12345";

    /// <summary>The module of <see cref="Requirement.FipsModule"/>.</summary>
    public static string? FipsModuleFile => Environment.GetEnvironmentVariable("UEM_TEST_FIPS_MODULE");

    /// <summary>Its configuration.</summary>
    public static string? FipsConfigFile => Environment.GetEnvironmentVariable("UEM_TEST_FIPS_CONFIG");

    /// <summary>Why the test cannot run here, or null.</summary>
    public static string? FindMissing(Requirement requirements, string[] commands)
    {
        foreach (Requirement requirement in Enum.GetValues<Requirement>())
        {
            if (requirement != Requirement.None && requirements.HasFlag(requirement)
                && Probed.GetOrAdd(requirement, Probe) is { } reason)
            {
                return reason;
            }
        }

        string? missing = commands.FirstOrDefault(command => CommandPath.Find(command) is null);
        return missing is null ? null : $"needs the command {missing}, which is not installed";
    }

    private static string? Probe(Requirement requirement) => requirement switch
    {
        Requirement.Root => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess ? null : "needs Linux and root",
        Requirement.Tun => Probed.GetOrAdd(Requirement.Root, Probe)
            ?? (File.Exists("/dev/net/tun") ? null : "needs /dev/net/tun, which does not exist here"),
        Requirement.NetNamespaces => Probed.GetOrAdd(Requirement.Root, Probe) ?? ProbeNamespace(),
        Requirement.Nftables => Probed.GetOrAdd(Requirement.NetNamespaces, Probe) ?? ProbeNftables(),
        Requirement.UserNamespaces => Probed.GetOrAdd(Requirement.NetNamespaces, Probe) ?? ProbeUserNamespace(),
        Requirement.Postgres => ProbePostgres(),
        Requirement.Slirp => NativeLibrary.TryLoad("libslirp.so.0", out _) ? null : "needs libslirp (package libslirp0), which is not installed",
        Requirement.Cluster => ActorHostFixture.IsCluster ? null : "needs a build with Orleans (-p:ActorHost=orleans); the embedded host is one silo",
        Requirement.FipsModule => File.Exists(FipsModuleFile) && File.Exists(FipsConfigFile)
            ? null
            : "needs OpenSSL's FIPS provider, which Debian does not ship: name its module and configuration in UEM_TEST_FIPS_MODULE and UEM_TEST_FIPS_CONFIG",
        Requirement.Resolved => Probed.GetOrAdd(Requirement.NetNamespaces, Probe)
            ?? (FindResolved() is not { } resolved ? "needs systemd-resolved and resolvectl, neither installed nor unpacked by ./test"
                : CommandPath.Find("dbus-daemon") is null ? "needs the command dbus-daemon, which is not installed"
                : Runs(resolved.Client, "--version") ? null : "needs a systemd-resolved that fits this machine's systemd"),
        _ => null,
    };

    /// <summary>The programs of systemd-resolved. Installing its package would change this machine's resolv.conf, so ./test unpacks it beside the build.</summary>
    public static (string Daemon, string Client)? FindResolved()
    {
        string[] roots = ["/", Path.Combine(Repo.Repository.Root, "artifacts", "systemd-resolved")];
        foreach (string root in roots)
        {
            string? daemon = new[] { "usr/lib/systemd/systemd-resolved", "lib/systemd/systemd-resolved" }.Select(path => Path.Combine(root, path)).FirstOrDefault(File.Exists);
            string client = Path.Combine(root, "usr/bin/resolvectl");
            if (daemon is not null && File.Exists(client))
            {
                return (daemon, client);
            }
        }

        return null;
    }

    private static string? ProbePostgres() =>
        PostgresServer.FindPrograms() is null ? "needs PostgreSQL's server (package postgresql), which is not installed"
        : Environment.IsPrivilegedProcess && !File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:", StringComparison.Ordinal))
            ? "needs the user postgres, since PostgreSQL does not run as root"
            : Environment.IsPrivilegedProcess && CommandPath.Find("setpriv") is null ? "needs the command setpriv (util-linux), which is not installed" : null;

    private static string? ProbeNamespace()
    {
        if (CommandPath.Find("ip") is null)
        {
            return "needs the command ip (iproute2), which is not installed";
        }

        string name = NetNamespace.NamePrefix + "probe-" + Environment.ProcessId;
        if (!Runs("ip", "netns", "add", name))
        {
            return "needs network namespaces, which cannot be created here (ip netns add failed)";
        }

        return Runs("ip", "netns", "delete", name) ? null : "needs network namespaces, which cannot be deleted here";
    }

    private static string? ProbeNftables()
    {
        if (CommandPath.Find("nft") is null)
        {
            return "needs the command nft (nftables), which is not installed";
        }

        return Runs("unshare", "--net", "nft", "add table ip uem_probe { chain c { type nat hook postrouting priority 100; }; }")
            ? null
            : "needs nf_tables with NAT in the kernel, which refuses it here";
    }

    private static string? ProbeUserNamespace()
    {
        if (CommandPath.Find("setpriv") is null)
        {
            return "needs the command setpriv (util-linux), which is not installed";
        }

        string[] user = ["--reuid", UnprivilegedUser, "--regid", UnprivilegedUser, "--clear-groups"];
        if (!Runs("setpriv", [.. user, "test", "-r", Path.Combine(AppContext.BaseDirectory, "uem.dll")]))
        {
            return "needs a build folder that other users than root may read";
        }

        return Runs("setpriv", [.. user, "unshare", "--user", "--map-current-user", "--keep-caps", "--net", "--mount", "true"])
            ? null
            : "needs user namespaces for users, which this kernel refuses";
    }

    private static bool Runs(string command, params string[] arguments)
    {
        if (CommandPath.Find(command) is not { } path)
        {
            return false;
        }

        ProcessStartInfo start = new(path, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (process.WaitForExit(ProbeTimeout))
        {
            return process.ExitCode == 0;
        }

        process.Kill();
        return false;
    }
}
