using System.Globalization;

namespace OrleansUem.LoadTest.Throughput;

/// <summary>Keys of what a turn measures, with the unit at their end; they are the field names of the JSON report.</summary>
internal static class Figures
{
    public const string SetUp = "set_up_ms";
    public const string PingIdleP50 = "ping_idle_p50_ms";
    public const string PingIdleP99 = "ping_idle_p99_ms";

    /// <summary>Processor time of all of a system's processes during the TCP measurements, for each 10^9 bytes that arrived.</summary>
    public const string CpuTotal = "cpu_total_s_per_gb";

    public const string RssTotal = "rss_total_mb";

    /// <summary>Share of UDP in the bytes that left the device, and corp, during the TCP measurements, 0..1.</summary>
    public const string UdpShareDevice = "udp_share_device_hop";

    public const string UdpShareCorp = "udp_share_corp_hop";

    /// <summary>Share of all processors that was busy while the system was idle, 0..1: the noise of others.</summary>
    public const string BusyWhileIdle = "machine_busy_while_idle";

    public static string Tcp(int streams, Direction direction) => string.Create(CultureInfo.InvariantCulture, $"tcp_{streams}_{Name(direction)}_mbit_s");

    public static string Retransmits(int streams, Direction direction) =>
        string.Create(CultureInfo.InvariantCulture, $"tcp_{streams}_{Name(direction)}_retransmits");

    public static string Udp(int packetBytes) => string.Create(CultureInfo.InvariantCulture, $"udp_{packetBytes}_packets_s");

    public static string UdpLoss(int packetBytes) => string.Create(CultureInfo.InvariantCulture, $"udp_{packetBytes}_loss_percent");

    public static string PingP50(Direction load) => $"ping_tcp_{Name(load)}_p50_ms";

    public static string PingP99(Direction load) => $"ping_tcp_{Name(load)}_p99_ms";

    public static string Cpu(string role) => $"cpu_{role}_s_per_gb";

    public static string Rss(string role) => $"rss_{role}_mb";

    private static string Name(Direction direction) => direction == Direction.Up ? "up" : "down";
}
