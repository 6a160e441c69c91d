using System.Globalization;
using OrleansUem.Transport;

namespace OrleansUem.LoadTest.Sessions;

/// <summary>What this machine allows: open files of a process, and ports of one address.</summary>
internal static class SessionsLimits
{
    private const int DevicesPerProcess = 2_500; // with UDP a thread each

    /// <summary>Divides the devices among processes; the first has those of the warm-up.</summary>
    /// <exception cref="InvalidOperationException">A limit does not allow so many.</exception>
    public static IReadOnlyList<SessionsShare> Split(SessionsOptions options)
    {
        var all = options.WarmUp + options.Count;
        var files = OpenFiles.FindLimit() ?? long.MaxValue;

        // The edge keeps a sixteenth of its files for its other listener, the nodes' (ConnectionBudget).
        var edge = all + (all / 15) + 1 + DeviceCrowd.FilesReserve;
        Require(files >= edge, $"The edge needs {edge} open files for --count {options.Count} and --warm-up {options.WarmUp}, and a process may open {files}: raise it (ulimit -n) or take fewer.");
        var perProcess = (int)Math.Min(DevicesPerProcess, (files - DeviceCrowd.FilesReserve) / DeviceCrowd.FilesPerDevice);
        Require(options.WarmUp <= perProcess, $"--warm-up {options.WarmUp}: this process may open {files} files, which is enough for {perProcess} devices.");
        var range = File.ReadAllText("/proc/sys/net/ipv4/ip_local_port_range").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var ports = int.Parse(range[1], CultureInfo.InvariantCulture) - int.Parse(range[0], CultureInfo.InvariantCulture);
        Require(ports > all, $"--count {options.Count} and --warm-up {options.WarmUp} need {all} ports of 127.0.0.1, and net.ipv4.ip_local_port_range has {ports}.");
        var processes = (options.Count + perProcess - 1) / perProcess;
        var shares = new List<SessionsShare> { new(0, options.WarmUp, options.Concurrency, options.UsesUdp) };
        for (var i = 0; i < processes; i++)
        {
            var (from, to) = ((int)((long)options.Count * i / processes), (int)((long)options.Count * (i + 1) / processes));
            shares.Add(new SessionsShare(options.WarmUp + from, to - from, Math.Max(1, options.Concurrency / processes), options.UsesUdp));
        }

        return shares;
    }

    private static void Require(bool holds, string fault)
    {
        if (!holds)
        {
            throw new InvalidOperationException(fault);
        }
    }
}
