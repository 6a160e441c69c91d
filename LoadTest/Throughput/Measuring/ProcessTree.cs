using System.Globalization;

namespace OrleansUem.LoadTest.Throughput.Measuring;

/// <summary>What a process and all below it use.</summary>
internal static class ProcessTree
{
    /// <summary>Processor time of the live processes, in seconds. Threads of the kernel that work for them are not in it.</summary>
    public static double CpuSeconds(int processId)
    {
        var all = ReadAll();
        return Members(processId, all).Sum(id => all[id].CpuTicks) / ProcessStat.TicksPerSecond;
    }

    /// <summary>Resident bytes; pages that several processes share count for each.</summary>
    public static long ResidentBytes(int processId) => Members(processId, ReadAll()).Sum(ReadResident);

    /// <summary>The process and its descendants.</summary>
    /// <param name="root">Where to begin; absent processes have no members.</param>
    /// <param name="all">All processes.</param>
    public static IReadOnlyList<int> Members(int root, IReadOnlyDictionary<int, ProcessStat> all)
    {
        if (!all.ContainsKey(root))
        {
            return [];
        }

        var members = new List<int> { root };
        for (var i = 0; i < members.Count; i++)
        {
            members.AddRange(all.Where(entry => entry.Value.ParentId == members[i]).Select(entry => entry.Key));
        }

        return members;
    }

    private static Dictionary<int, ProcessStat> ReadAll()
    {
        var all = new Dictionary<int, ProcessStat>();
        foreach (var path in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && TryRead($"{path}/stat") is { Length: > 0 } line)
            {
                all[id] = ProcessStat.Read(line);
            }
        }

        return all;
    }

    private static long ReadResident(int processId)
    {
        var line = TryRead($"/proc/{processId}/status")?.Split('\n').FirstOrDefault(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return line is null ? 0 : 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Trim('\t'), CultureInfo.InvariantCulture);
    }

    private static string? TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            // It ended meanwhile.
            return null;
        }
    }
}
