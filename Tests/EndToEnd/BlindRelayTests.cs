using System.Text;
using OrleansUem.LoadTest.Web;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>
/// A marker that the server sends and the device reads is found neither in captures on both sides of the edge nor in the frames that the edge
/// forwards after it took TLS away. The capture inside the organisation holds it, which shows that the search works.
/// </summary>
[Trait("Category", "E2E")]
public sealed class BlindRelayTests
{
    private static readonly byte[] Marker = Encoding.ASCII.GetBytes("wombat-quartz-lantern");

    [RequiresTheory(Requirement.Tun | Requirement.Nftables, "curl", "tcpdump")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Marker_OnItsWay_IsNowhereAtTheRelay(bool isOverUdp)
    {
        await using var uem = await UemInstallation.StartAsync(isOverUdp ? [] : ["--no-udp"], [], []);
        if (isOverUdp)
        {
            await UemInstallation.WaitForPathAsync(uem.Device, isUdp: true);
            await UemInstallation.WaitForPathAsync(uem.Node, isUdp: true);
        }

        var folder = Directory.CreateTempSubdirectory("uem-capture-");
        try
        {
            var captures = new[]
            {
                await CaptureAsync(uem.RelaySide, "dev0", folder),
                await CaptureAsync(uem.RelaySide, "corp0", folder),
                await CaptureAsync(uem.NodeSide, "lan0", folder),
            };
            Assert.Contains("wombat", WebServer.Page, StringComparison.Ordinal);
            for (var i = 0; i < 20; i++)
            {
                await uem.DeviceSide.RunAsync("curl", "-sS", "--max-time", "20", "-H", "X-Marker: wombat-quartz-lantern", "http://10.1.0.10/");
            }

            foreach (var (process, _) in captures)
            {
                process.Interrupt();
                await process.WaitForExitAsync("capture ends");
            }

            uem.Edge.Interrupt();
            await uem.Edge.WaitForExitAsync("edge drains");

            Assert.Equal(isOverUdp, CountUdp(captures[0].Path) > 40);
            Assert.Equal(isOverUdp, CountUdp(captures[1].Path) > 40);
            Assert.True(Holds(captures[2].Path), "the organisation's own network carries the marker in clear");
            Assert.False(Holds(captures[0].Path), "the device's side of the edge");
            Assert.False(Holds(captures[1].Path), "the node's side of the edge");
            Assert.True(new FileInfo(uem.AuditPath).Length > 20 * WebServer.Page.Length, "the audit holds what the edge forwarded");
            Assert.False(Holds(uem.AuditPath), "the frames that the edge forwards");
            foreach (var (process, _) in captures)
            {
                await process.DisposeAsync();
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<(ProcessUnderTest Process, string Path)> CaptureAsync(NetNamespace where, string device, DirectoryInfo folder)
    {
        var path = Path.Combine(folder.FullName, device + ".pcap");
        var process = where.Start("tcpdump", "-i", device, "--immediate-mode", "-U", "-s", "0", "-Z", "root", "-w", path);
        await process.WaitForLineAsync("capture starts", line => line.Contains("listening on", StringComparison.Ordinal));
        return (process, path);
    }

    // IPv4 packets of UDP in a pcap file: 24 bytes, then for each packet 16 bytes with its length and an Ethernet header of 14.
    private static int CountUdp(string path)
    {
        const byte udp = 17;
        var file = File.ReadAllBytes(path);
        var count = 0;
        for (var offset = 24; offset + 16 <= file.Length; offset += 16 + BitConverter.ToInt32(file, offset + 8))
        {
            count += offset + 16 + 14 + 9 < file.Length && file[offset + 16 + 12] == 8 && file[offset + 16 + 14 + 9] == udp ? 1 : 0;
        }

        return count;
    }

    private static bool Holds(string path) => File.ReadAllBytes(path).AsSpan().IndexOf(Marker) >= 0;
}
