using OrleansUem.LoadTest.Machines;

namespace OrleansUem.LoadTest.Throughput.Systems;

/// <summary>All systems that can be measured, in the order of their turns.</summary>
internal static class MeasuredSystems
{
    public const string OursUdp = "uem";

    public static IReadOnlyList<IMeasuredSystem> Create(IReadOnlyList<string> program)
    {
        var installation = new UemInstallation(program);
        return
        [
            new OrleansUemTunnel(installation, OursUdp, isDeviceHopUdp: true, isNodeHopUdp: true),
            new OrleansUemTunnel(installation, "uem-node-tcp", isDeviceHopUdp: true, isNodeHopUdp: false),
            new OrleansUemTunnel(installation, "uem-tcp", isDeviceHopUdp: false, isNodeHopUdp: false),
            new WireGuardGo(),
            new OpenVpn(),
            new Ocserv(),
            new TlsRelay(),
            new PlainForwarding(),
        ];
    }

    /// <summary>The systems that a person named; all for none.</summary>
    /// <exception cref="ArgumentException">A name is unknown.</exception>
    public static IReadOnlyList<IMeasuredSystem> Select(IReadOnlyList<IMeasuredSystem> all, IReadOnlyList<string> names)
    {
        var unknown = names.FirstOrDefault(name => all.All(system => system.Name != name));
        return unknown is null
            ? [.. all.Where(system => names.Count == 0 || names.Contains(system.Name, StringComparer.Ordinal))]
            : throw new ArgumentException($"--systems '{unknown}' is none of {string.Join(", ", all.Select(system => system.Name))}.");
    }

    /// <summary>Why a system can't be measured here, with what to do; null: it can.</summary>
    public static string? DescribeMissing(IMeasuredSystem system)
    {
        var missing = system.Programs.FirstOrDefault(program => CommandPath.Find(program.Command) is null);
        return missing.Command is null ? null : $"skipped: {system.Name}: {missing.Command} is not installed: apt-get install {missing.Package}";
    }
}
