using OrleansUem.LoadTest.Machines;

namespace OrleansUem.LoadTest.Throughput;

/// <summary>What a measurement needs from the machine.</summary>
internal static class BenchMachine
{
    /// <exception cref="InvalidOperationException">Something is missing; the message says what to do.</exception>
    public static void Require(IReadOnlyList<LinkVariant> links, params (string Command, string Package)[] more)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            throw new InvalidOperationException("The measurement makes network namespaces and TUN devices: it needs Linux and root (sudo).");
        }

        (string Command, string Package)[] needed = [("ip", "iproute2"), ("iperf3", "iperf3"), ("ping", "iputils-ping"), .. more];
        if (links.Any(link => LinkVariants.EthtoolFeatures(link).Length > 0))
        {
            needed = [.. needed, ("ethtool", "ethtool")];
        }

        var (command, package) = needed.FirstOrDefault(program => CommandPath.Find(program.Command) is null);
        if (command is not null)
        {
            throw new InvalidOperationException($"{command} is not installed: apt-get install {package}");
        }
    }
}
