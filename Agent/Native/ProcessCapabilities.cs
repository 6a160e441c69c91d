using System.Globalization;

namespace OrleansUem.Agent.Native;

/// <summary>What this process may do, whoever it runs as (capabilities(7)): root in a container often may not.</summary>
internal static class ProcessCapabilities
{
    private const int NetworkAdministration = 12;
    private const int SystemAdministration = 21;

    /// <summary>Whether it may make network and mount namespaces and set up what is in them.</summary>
    public static bool MayManageNamespaces() => Has(SystemAdministration) && Has(NetworkAdministration);

    /// <summary>Whether it may make interfaces, routes and packet filters in its own network.</summary>
    public static bool MayManageNetwork() => Has(NetworkAdministration);

    private static bool Has(int capability)
    {
        const string Field = "CapEff:";
        var line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal));
        return line is not null
            && ulong.TryParse(line.AsSpan(Field.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var bits)
            && (bits >> capability & 1) != 0;
    }
}
