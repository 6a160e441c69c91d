using System.Diagnostics;
using OrleansUem.Device;
using OrleansUem.LoadTest.Fleet;
using OrleansUem.Protocol.Wire;
using OrleansUem.Silo.Admin;
using OrleansUem.Tests.Kit;
using Xunit;
using Xunit.Abstractions;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>Many devices on two edges while silos, edges and the database die: forwarding goes on, decisions come back.</summary>
[Trait("Category", "E2E")]
[Collection(AloneCollection.Name)]
public sealed class ClusterFleetTests(ITestOutputHelper output)
{
    private const Requirement Needs = Requirement.Postgres | Requirement.Cluster;

    // Ten packets a second from each device: so many echoes of every device are about as many tenths of a second.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan RecoveryLimit = TimeSpan.FromSeconds(90);

    /// <summary>A hundred tunnels do not notice that a silo dies: no packet is lost, none opens again, and each device hears of its cut afterwards.</summary>
    [RequiresFact(Needs)]
    public async Task SiloKilled_UnderAHundredTunnels_LosesNoPacketAndNoCut()
    {
        await using var cluster = await ClusterFleet.StartAsync(devicesPerEdge: 50);
        await using var traffic = await StartTrafficAsync(cluster);
        await ReceiveAsync(traffic, 10);
        await ClusterFleet.KillAsync(cluster.Silo(1));
        var killed = Stopwatch.StartNew();
        output.WriteLine($"after the kill: {await RecoverAsync(cluster, silo: 0, killed)}");
        await ReceiveAsync(traffic, 30);
        await AssertNothingLostAsync(cluster, traffic);
        await AssertEveryDeviceHearsOfItsCutAsync(cluster, silo: 0);
    }

    /// <summary>Without the database nothing is decided, at neither silo, and whoever asks is told why; 30 s of traffic do not need it. Nobody restarts.</summary>
    [RequiresFact(Needs)]
    public async Task DatabaseStopped_ForThreeHundredPacketsOfEveryDevice_AllComesBack()
    {
        await using var cluster = await ClusterFleet.StartAsync(devicesPerEdge: 10);
        await using var traffic = await StartTrafficAsync(cluster);
        await ReceiveAsync(traffic, 10);
        await cluster.Server.KillAsync();
        var stopped = Stopwatch.StartNew();
        foreach (var silo in new[] { 0, 1 })
        {
            var refused = await Assert.ThrowsAsync<AdminException>(() => InviteAsync(cluster, silo));
            Assert.Contains("database", refused.Message, StringComparison.Ordinal);
        }

        await ReceiveAsync(traffic, 300);
        await cluster.Server.StartServerAsync();
        output.WriteLine($"the database was away for {stopped.Elapsed.TotalSeconds:F0} s");
        foreach (var silo in new[] { 0, 1 })
        {
            var back = Stopwatch.StartNew();
            output.WriteLine($"after its return, at silo-{silo + 1}: {await RecoverAsync(cluster, silo, back)}");
            Assert.False(cluster.Silo(silo).HasExited);
        }

        await AssertNothingLostAsync(cluster, traffic);
        await AssertEveryDeviceHearsOfItsCutAsync(cluster, silo: 1);
    }

    /// <summary>Edges link to a silo that came back, and it reaches them by itself: a cut that only it can carry arrives.</summary>
    [RequiresFact(Needs)]
    public async Task SiloRestarted_EdgesRegisterWithIt()
    {
        await using var cluster = await ClusterFleet.StartAsync(devicesPerEdge: 2);
        await ClusterFleet.KillAsync(cluster.Silo(1));
        await cluster.StartSiloAsync(1);
        await cluster.WaitForLinksAsync(silo: 1, 2, 2);
        await ClusterFleet.KillAsync(cluster.Silo(0));
        await RecoverAsync(cluster, silo: 1, Stopwatch.StartNew());
        await AssertEveryDeviceHearsOfItsCutAsync(cluster, silo: 1);
    }

    /// <summary>An edge that came back registers with both silos: each alone reaches it.</summary>
    [RequiresFact(Needs)]
    public async Task EdgeRestarted_RegistersWithBothSilos()
    {
        await using var cluster = await ClusterFleet.StartAsync(devicesPerEdge: 2);
        await ClusterFleet.KillAsync(cluster.Edge(0));
        await cluster.StartEdgeAsync(0);
        await cluster.WaitForLinksAsync(silo: 0, 1, 1);
        await cluster.WaitForLinksAsync(silo: 1, 1, 1);
        await using var traffic = await StartTrafficAsync(cluster);
        await ReceiveAsync(traffic, 5);
        await ClusterFleet.KillAsync(cluster.Silo(0));
        await RecoverAsync(cluster, silo: 1, Stopwatch.StartNew());
        await AssertEveryDeviceHearsOfItsCutAsync(cluster, silo: 1);
    }

    private static async Task<FleetTraffic> StartTrafficAsync(ClusterFleet cluster) =>
        await FleetTraffic.StartAsync([.. cluster.Devices.Select(static entry => entry.Device)], Interval, CancellationToken.None);

    // A safety limit, far above what so many echoes take.
    private static Task ReceiveAsync(FleetTraffic traffic, int more) => traffic.ReceiveAsync(more).WaitAsync(TimeSpan.FromMinutes(2));

    /// <summary>Repeats a series of calls until all of it succeeds: new grains, which are placed at either silo, and those of every device.</summary>
    /// <returns>What it took, for people.</returns>
    private static async Task<string> RecoverAsync(ClusterFleet cluster, int silo, Stopwatch since)
    {
        var devices = cluster.Devices.ToList();
        var calls = Enumerable.Range(0, 8).Select(_ => (Func<Task>)(() => InviteAsync(cluster, silo)))
            .Concat(devices.Select(entry => (Func<Task>)(() => cluster.Admin(silo).CutAsync(new CutRequest(entry.Tenant, entry.Name, Action: "allow")))))
            .ToList();
        var (failures, lastFailure, longest) = (0, TimeSpan.Zero, TimeSpan.Zero);
        for (var done = 0; done < calls.Count;)
        {
            var started = since.Elapsed;
            try
            {
                await calls[done]();
                done++;
                longest = since.Elapsed - started > longest ? since.Elapsed - started : longest;
            }
            catch (AdminException e)
            {
                (done, failures, lastFailure, longest) = (0, failures + 1, since.Elapsed, TimeSpan.Zero);
                Assert.True(lastFailure < RecoveryLimit, $"Calls still fail: {e.Message}");
            }
        }

        return $"{failures} calls failed, the last after {lastFailure.TotalSeconds:F1} s; then {calls.Count} succeeded until {since.Elapsed.TotalSeconds:F1} s, the longest in {longest.TotalSeconds:F1} s";
    }

    private static Task<EnrolmentText> InviteAsync(ClusterFleet cluster, int silo) => cluster.Admin(silo).InviteAsync(new InvitationRequest("relay.example.org", 3101));

    private async Task AssertNothingLostAsync(ClusterFleet cluster, FleetTraffic traffic)
    {
        var report = await traffic.StopAsync(Patience);
        output.WriteLine(report.ToString());
        Assert.Equal(0, report.Missing);
        Assert.All(cluster.Devices, static entry => Assert.Equal(1, entry.Device.Ups));
    }

    private async Task AssertEveryDeviceHearsOfItsCutAsync(ClusterFleet cluster, int silo)
    {
        TimeSpan? first = null;
        var watch = Stopwatch.StartNew();
        foreach (var (device, tenant, name) in cluster.Devices)
        {
            await cluster.Admin(silo).CutAsync(new CutRequest(tenant, name));
            var end = await Assert.ThrowsAsync<DeviceFatalException>(() => device.Running.WithinAsync($"{name} hears of its cut"));
            Assert.Equal(Reason.CertificateRevoked, end.Reason);
            first ??= watch.Elapsed;
        }

        output.WriteLine($"the first device was cut off after {first!.Value.TotalSeconds:F2} s, all {cluster.Devices.Count()} one after another in {watch.Elapsed.TotalSeconds:F1} s");
    }
}
