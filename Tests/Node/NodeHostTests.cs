using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Agent.Identity;
using OrleansUem.Agent.Tun;
using OrleansUem.Node;
using OrleansUem.Node.Egress;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Node;

public sealed class NodeHostTests
{
    [Fact]
    public async Task RunAsync_RelayNotThere_TellsAndStopsOnCancellation()
    {
        using var state = await NodeState.CreateAsync();
        using var stop = new CancellationTokenSource();
        var detached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var egress = new MemoryEgress();
        var options = new NodeOptions { StateDirectory = state.Path, Routes = ["10.1.0.0/16"], Relays = [new RelayAddress("127.0.0.1", 1)] };
        var running = NodeHost.RunAsync(
            options,
            NullLoggerFactory.Instance,
            state.Time,
            status =>
            {
                if (status.Kind == NodeStatusKind.Detached)
                {
                    detached.TrySetResult();
                }
            },
            (_, _, _, _) => egress,
            stop.Token);
        await detached.Task.WithinAsync("the refused connection");
        await Assert.ThrowsAsync<AgentStateException>(() => NodeHost.RunAsync(
            options, NullLoggerFactory.Instance, state.Time, _ => { }, (_, _, _, _) => new MemoryEgress(), CancellationToken.None));
        await stop.CancelAsync();
        await running.WithinAsync("the end of the node");
        Assert.True(egress.IsDisposed && egress.Tun.IsStopped);
    }

    [RequiresFact(Requirement.Tun | Requirement.Nftables)]
    public async Task LinuxEgress_OpenedAndDisposed_SetsUpAndLeavesNothing()
    {
        await using var node = await NetNamespace.CreateAsync("node");
        var settings = NodeOptionsValidator.Parse(new NodeOptions { StateDirectory = "x", Routes = ["10.1.0.0/16"], IsNatEnabled = true, TunName = "uem-n0" });
        var egress = node.Run(() => LinuxNodeEgress.Open(settings, Ipv4Address.Parse("10.64.0.1")));
        Assert.Contains("inet 10.64.0.1/16", await node.RunAsync("ip", "address", "show", "dev", "uem-n0"), StringComparison.Ordinal);
        Assert.Contains($"mtu {TunnelLimits.MtuBytesDefault}", await node.RunAsync("ip", "link", "show", "dev", "uem-n0"), StringComparison.Ordinal);
        Assert.Contains("uem_uem_n0", await node.RunAsync("nft", "list", "tables", "ip"), StringComparison.Ordinal);
        Assert.Equal("1", node.ReadSetting("ipv4/ip_forward"));
        node.Run(() => Dispose(egress));
        Assert.DoesNotContain("uem_", await node.RunAsync("nft", "list", "tables", "ip"), StringComparison.Ordinal);
        Assert.DoesNotContain("uem-n0", await node.RunAsync("ip", "link", "show"), StringComparison.Ordinal);

        var routed = node.Run(() => LinuxNodeEgress.Open(
            NodeOptionsValidator.Parse(settings.Options with { IsNatEnabled = false }), Ipv4Address.Parse("10.64.0.1")));
        Assert.Equal("1", node.ReadSetting("ipv4/ip_forward"));
        node.Run(() => Dispose(routed));
        Assert.Equal("0", node.ReadSetting("ipv4/ip_forward"));
    }

    private static bool Dispose(LinuxNodeEgress egress)
    {
        egress.Dispose();
        return true;
    }

    private sealed class MemoryEgress : INodeEgress
    {
        public ITunDevice Tun { get; } = MemoryTunDevice.CreatePair().Left;

        public string Description => "memory";

        public bool IsDisposed { get; private set; }

        public void Dispose()
        {
            IsDisposed = true;
            Tun.Dispose();
        }
    }
}
