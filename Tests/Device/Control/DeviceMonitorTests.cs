using OrleansUem.Device;
using OrleansUem.Device.Control;
using OrleansUem.Device.Names;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Device.Control;

public sealed class DeviceMonitorTests
{
    private static readonly DeviceReport Known = new()
    {
        State = DeviceCondition.Unspecified,
        Since = default,
        Started = default,
        ProcessId = 7,
        Mode = "up",
        Device = "laptop-7",
        CertificateExpires = default,
        Interface = "uem0",
        Dns = NameReport.OfApp,
    };

    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Report_FollowsTheSteps_AndSaysSinceWhen()
    {
        var started = _time.GetUtcNow();
        var monitor = new DeviceMonitor(_time);
        Assert.Equal((DeviceCondition.Connecting, (string?)null, (string?)null), Standing(monitor));

        monitor.OnStatus(new DeviceStatus(DeviceStatusKind.Connecting, "") { Relay = "relay.example:443" });
        _time.Advance(TimeSpan.FromSeconds(1));
        monitor.OnStatus(new DeviceStatus(DeviceStatusKind.Attached, "") { Edge = "edge-1" });
        Assert.Equal((DeviceCondition.Opening, "edge-1", "tcp"), Standing(monitor));
        monitor.OnStatus(new DeviceStatus(DeviceStatusKind.Opening, ""));
        monitor.OnStatus(new DeviceStatus(DeviceStatusKind.Path, "") { IsUdp = true });
        monitor.OnStatus(new DeviceStatus(DeviceStatusKind.RouteSkipped, "Route 0.0.0.0/0 is not taken"));
        _time.Advance(TimeSpan.FromSeconds(1));
        monitor.OnStatus(new DeviceStatus(DeviceStatusKind.Up, "") { Configuration = Configuration });
        _time.Advance(TimeSpan.FromMinutes(5));

        var report = monitor.Complete(Known);
        Assert.Equal((DeviceCondition.Up, "edge-1", "udp"), Standing(monitor));
        Assert.Equal((started, started + TimeSpan.FromSeconds(2)), (report.Started, report.Since));
        Assert.Equal(("relay.example:443", "10.64.0.7", "node-1"), (report.Relay, report.Address, report.Node));
        Assert.Equal("10.1.0.0/16", Assert.Single(report.Routes));
        Assert.Single(report.SkippedRoutes);
        Assert.Null(report.LastEnd);
        Assert.Equal(("app", "10.1.0.53", "corp.example"), (report.Dns.By, report.Dns.Servers[0], report.Dns.Domains[0]));
    }

    [Theory]
    [InlineData(DeviceStatusKind.TunnelClosed, Reason.NoNode, DeviceCondition.Waiting, "edge-1")]
    [InlineData(DeviceStatusKind.Asleep, Reason.Idle, DeviceCondition.Asleep, "edge-1")]
    [InlineData(DeviceStatusKind.Detached, Reason.ControlTimeout, DeviceCondition.Waiting, null)]
    public void End_IsKeptWithItsReason(DeviceStatusKind kind, Reason reason, DeviceCondition condition, string? edge)
    {
        var monitor = new DeviceMonitor(_time);
        monitor.OnStatus(new DeviceStatus(DeviceStatusKind.Attached, "") { Edge = "edge-1" });
        _time.Advance(TimeSpan.FromSeconds(3));
        monitor.OnStatus(new DeviceStatus(kind, "what happened") { Reason = reason });

        var report = monitor.Complete(Known);
        Assert.Equal((condition, edge), (report.State, report.Edge));
        Assert.Equal(new DeviceEnd(reason.ToString(), "what happened", _time.GetUtcNow()), report.LastEnd);
        Assert.Equal(condition == DeviceCondition.Asleep, new DeviceStanding(report, false).IsUp);

        // The next tunnel does not forget it, and judges routes anew.
        monitor.OnStatus(new DeviceStatus(DeviceStatusKind.Opening, ""));
        Assert.NotNull(monitor.Complete(Known).LastEnd);
        Assert.Empty(monitor.Complete(Known).SkippedRoutes);
    }

    internal static TunnelConfiguration Configuration => new()
    {
        Address = Ipv4Address.Parse("10.64.0.7"),
        PrefixLength = 16,
        NodeAddress = Ipv4Address.Parse("10.64.0.1"),
        Routes = [Ipv4Prefix.Parse("10.1.0.0/16")],
        DnsServers = [Ipv4Address.Parse("10.1.0.53")],
        DnsDomains = ["corp.example"],
        NodeName = "node-1",
    };

    private static (DeviceCondition, string?, string?) Standing(DeviceMonitor monitor) =>
        monitor.Complete(Known) is var report ? (report.State, report.Edge, report.Path) : default;
}
