using System.Globalization;
using System.Text.RegularExpressions;
using OrleansUem.LoadTest.Web;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>Data over UDP where it gets through, over TCP where it does not, and from one to the other while a download runs.</summary>
[Trait("Category", "E2E")]
public sealed partial class UdpPathTests
{
    private const string BlockUdp =
        "add table inet block; add chain inet block in { type filter hook input priority 0; }; "
        + "add rule inet block in udp dport { 443, 3101 } drop";

    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl")]
    public async Task Download_BothHopsOnUdp_TheBytesCrossUdp()
    {
        const long count = 50_000_000;
        await using var uem = await UemInstallation.StartAsync();
        await UntilOnUdpAsync(uem);
        await uem.RelaySide.RunAsync("nft", "add table inet count; add chain inet count in { type filter hook input priority 0; }; "
            + "add rule inet count in udp dport 3101 counter; add rule inet count in tcp dport 3101 counter; "
            + "add rule inet count in udp dport 443 counter; add rule inet count in tcp dport 443 counter");

        Assert.Equal(SampleBytes.Sha256(count), await uem.DownloadAsync(count, TimeSpan.FromMinutes(2)));

        var bytes = Bytes().Matches(await uem.RelaySide.RunAsync("nft", "list", "table", "inet", "count"))
            .Select(match => long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)).ToArray();
        Assert.True(bytes[0] > count, $"{bytes[0]} bytes came from the node over UDP");
        Assert.True(bytes[1] < 100_000, $"{bytes[1]} bytes came from the node over TCP");

        // Acknowledgements only, and few: the device's kernel answers whole super-packets.
        Assert.True(bytes[2] > 10_000, $"{bytes[2]} bytes came from the device over UDP");
        Assert.True(bytes[3] < 100_000, $"{bytes[3]} bytes came from the device over TCP");

        // The edge reports it with the next batch of leases, after 5 s at most.
        await uem.UntilListedAsync("tunnels", "udp/udp");
        await uem.UntilListedAsync("devices", " udp ");
        await uem.UntilListedAsync("nodes", " udp ");
    }

    /// <summary>A firewall on the way swallows UDP without a word.</summary>
    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl")]
    public async Task UdpSwallowedDuringADownload_GoesOnOverTcpAndComesBack()
    {
        const long count = 40_000_000;
        await using var uem = await UemInstallation.StartAsync();
        await UntilOnUdpAsync(uem);
        await using var download = await PacedDownload.StartAsync(uem, count);

        await uem.RelaySide.RunAsync("nft", BlockUdp);
        var down = await UemInstallation.WaitForPathAsync(uem.Device, isUdp: false);
        await UemInstallation.WaitForPathAsync(uem.Node, isUdp: false);
        Assert.Contains("no answer", down, StringComparison.Ordinal);
        await uem.RelaySide.RunAsync("nft", "delete", "table", "inet", "block");
        await UemInstallation.WaitForPathAsync(uem.Device, isUdp: true, 2);
        await UemInstallation.WaitForPathAsync(uem.Node, isUdp: true, 2);

        await download.AssertWholeAsync();
        Assert.DoesNotContain(uem.Device.Lines, line => line.Text.StartsWith("tunnelclosed", StringComparison.Ordinal));
        Assert.DoesNotContain(uem.Device.Lines, line => line.Text.StartsWith("detached", StringComparison.Ordinal));
    }

    /// <summary>The node's own firewall refuses UDP, which its kernel says at once.</summary>
    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl")]
    public async Task UdpRefusedAtTheNode_GoesOnOverTcpAndComesBack()
    {
        const long count = 20_000_000;
        await using var uem = await UemInstallation.StartAsync();
        await UntilOnUdpAsync(uem);
        await using var download = await PacedDownload.StartAsync(uem, count);

        await uem.NodeSide.RunAsync("nft", "add table inet block; add chain inet block out { type filter hook output priority 0; }; add rule inet block out udp dport 3101 drop");
        var down = await UemInstallation.WaitForPathAsync(uem.Node, isUdp: false);
        Assert.Contains("a refusal", down, StringComparison.Ordinal);
        await uem.NodeSide.RunAsync("nft", "delete", "table", "inet", "block");
        await UemInstallation.WaitForPathAsync(uem.Node, isUdp: true, 2);

        await download.AssertWholeAsync();
        Assert.DoesNotContain(uem.Device.Lines, line => line.Text.StartsWith("tunnelclosed", StringComparison.Ordinal));
    }

    /// <summary>A NAT on the way gives the device another port while a download runs: what stateless nftables rules on the device do here.</summary>
    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl", "ss", "stdbuf")]
    public async Task NatRebindsDuringADownload_UdpGoesOnFromTheNewAddress()
    {
        const long count = 30_000_000;
        await using var uem = await UemInstallation.StartAsync();
        await UntilOnUdpAsync(uem);
        await RebindAsync(uem, 50_001);
        await using var download = await PacedDownload.StartAsync(uem, count);

        await RebindAsync(uem, 50_002);

        await download.AssertWholeAsync();
        Assert.DoesNotContain(uem.Device.Lines, line => line.Text.Contains("goes on TCP", StringComparison.Ordinal));
        Assert.DoesNotContain(uem.Device.Lines, line => line.Text.StartsWith("tunnelclosed", StringComparison.Ordinal));
        var counted = await uem.RelaySide.RunAsync("nft", "list", "table", "inet", "seen");

        // The change came early in the download, and what was on its way by then is far less.
        Assert.True(long.Parse(Bytes().Match(counted).Groups[1].Value, CultureInfo.InvariantCulture) > count / 10, counted);
    }

    [RequiresTheory(Requirement.Tun | Requirement.Nftables, "curl", "ping")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task OneSideWithoutUdp_TheOtherStillUsesIt(bool isDeviceOnUdp)
    {
        const long count = 20_000_000;
        string[] without = ["--no-udp"];
        await using var uem = await UemInstallation.StartAsync([], isDeviceOnUdp ? without : [], isDeviceOnUdp ? [] : without);
        await UemInstallation.WaitForPathAsync(isDeviceOnUdp ? uem.Device : uem.Node, isUdp: true);
        Assert.Equal(SampleBytes.Sha256(count), await uem.DownloadAsync(count, TimeSpan.FromMinutes(2)));
        var output = await uem.DeviceSide.RunAsync("ping", "-c", "20", "-i", "0.05", "-W", "5", "-q", UemInstallation.WebAddress);
        Assert.Contains("20 received, 0% packet loss", output, StringComparison.Ordinal);
        Assert.DoesNotContain((isDeviceOnUdp ? uem.Node : uem.Device).Lines, line => line.Text.StartsWith("path ", StringComparison.Ordinal));
    }

    /// <summary>A link that does not carry a full datagram is not used, although small ones get through.</summary>
    [RequiresFact(Requirement.Tun | Requirement.Nftables, "curl", "ip")]
    public async Task LinkTooNarrow_StaysOnTcp()
    {
        await using var uem = await UemInstallation.StartAsync(["--no-udp"], [], []);
        uem.Edge.Kill();
        await uem.Edge.WaitForExitAsync("the edge without UDP ends");
        await uem.RelaySide.RunAsync("nft", "add table inet narrow; add chain inet narrow in { type filter hook input priority 0; }; "
            + "add rule inet narrow in udp dport 443 meta length > 1400 drop");
        await uem.StartEdgeAsync([]);
        var line = await UemInstallation.WaitForPathAsync(uem.Device, isUdp: false);
        Assert.Contains("no answer to datagrams of 1444 bytes", line, StringComparison.Ordinal);
        await uem.WaitForTunnelAsync(2);
        Assert.Equal(SampleBytes.Sha256(1_000_000), await uem.DownloadAsync(1_000_000, TimeSpan.FromMinutes(1)));
    }

    private static async Task UntilOnUdpAsync(UemInstallation uem)
    {
        await UemInstallation.WaitForPathAsync(uem.Device, isUdp: true);
        await UemInstallation.WaitForPathAsync(uem.Node, isUdp: true);
    }

    // Rewrites the port of the device's UDP socket on its way out and back, and counts what the edge sends to it. One transaction: no packet passes in between.
    private static async Task RebindAsync(UemInstallation uem, int port)
    {
        var sockets = await uem.DeviceSide.RunAsync("ss", "-Hun", "dst", "198.51.100.1");
        var own = PortBeforePeer().Match(sockets).Groups[1].Value;
        Assert.NotEmpty(own);
        await uem.RelaySide.RunAsync("nft", "add table inet seen; delete table inet seen; add table inet seen; "
            + "add chain inet seen out { type filter hook output priority 0; }; "
            + string.Create(CultureInfo.InvariantCulture, $"add rule inet seen out udp dport {port} counter"));
        await uem.DeviceSide.RunAsync("nft", "add table inet rebind; delete table inet rebind; add table inet rebind; "
            + "add chain inet rebind out { type filter hook output priority 0; }; add chain inet rebind in { type filter hook prerouting priority -300; }; "
            + string.Create(CultureInfo.InvariantCulture, $"add rule inet rebind out udp sport {own} udp dport 443 udp sport set {port}; ")
            + string.Create(CultureInfo.InvariantCulture, $"add rule inet rebind in udp sport 443 udp dport {port} udp dport set {own}"));
    }

    [GeneratedRegex(@"bytes (\d+)")]
    private static partial Regex Bytes();

    [GeneratedRegex(@":(\d+)\s+198\.51\.100\.1:443")]
    private static partial Regex PortBeforePeer();
}
