using System.Diagnostics;
using OrleansUem.Tests.Kit;
using Xunit;
using Xunit.Abstractions;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>Two silos of one installation as processes of their own, on PostgreSQL.</summary>
[Trait("Category", "E2E")]
public sealed class ClusterTests(ITestOutputHelper output)
{
    private const Requirement Needs = Requirement.Tun | Requirement.Nftables | Requirement.Postgres | Requirement.Cluster;

    /// <summary>Grains of the dead silo come to life in the other: not a packet is lost meanwhile, and afterwards the device still hears of a cut.</summary>
    [RequiresFact(Needs, "ping")]
    public async Task SiloKilled_PacketsGoOnAndTheOtherSiloTakesOver()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var uem = await UemInstallation.StartOnClusterAsync(server);
        await using var ping = await StartPingAsync(uem);
        uem.SecondSilo.Kill();
        await uem.SecondSilo.WaitForExitAsync("killed");
        output.WriteLine($"operations recovered after {await RecoverAsync(uem)}");
        await AssertNothingLostAndCutAsync(uem, ping);
    }

    /// <summary>A graceful leave hands the grains over: no operation fails, neither then nor when the silo is back.</summary>
    [RequiresFact(Needs, "ping")]
    public async Task SiloStoppedAndStarted_NoOperationFails()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var uem = await UemInstallation.StartOnClusterAsync(server);
        await using var ping = await StartPingAsync(uem);
        uem.SecondSilo.Interrupt();
        Assert.Equal(0, await uem.SecondSilo.WaitForExitAsync("left", TimeSpan.FromSeconds(60)));
        await InviteAsync(uem);
        await uem.StartSecondSiloAsync();
        await InviteAsync(uem);
        await AssertNothingLostAndCutAsync(uem, ping);
    }

    /// <summary>Without the database nothing is decided, and whoever asks is told so; forwarding does not need it.</summary>
    [RequiresFact(Needs, "ping")]
    public async Task DatabaseStopped_PacketsGoOnAndOperationsSayWhy()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var uem = await UemInstallation.StartOnClusterAsync(server);
        await using var ping = await StartPingAsync(uem);
        await server.KillAsync();
        var refused = await TryInviteAsync(uem);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("database", refused.Errors, StringComparison.Ordinal);
        await server.StartServerAsync();
        output.WriteLine($"operations recovered after {await RecoverAsync(uem)}");
        Assert.False(uem.Silo.HasExited);
        Assert.False(uem.SecondSilo.HasExited);
        await AssertNothingLostAndCutAsync(uem, ping);
    }

    private static async Task<ProcessUnderTest> StartPingAsync(UemInstallation uem)
    {
        var ping = uem.DeviceSide.Start("ping", "-c", "150", "-i", "0.1", "-W", "5", UemInstallation.WebAddress);
        await ping.WaitForLineAsync("ping runs", line => line.Contains("icmp_seq=5 ", StringComparison.Ordinal));
        return ping;
    }

    private static async Task AssertNothingLostAndCutAsync(UemInstallation uem, ProcessUnderTest ping)
    {
        await ping.WaitForExitAsync("ping ends", TimeSpan.FromSeconds(60));
        Assert.Contains(ping.Lines, line => line.Text.Contains("150 received, 0% packet loss", StringComparison.Ordinal));
        await uem.AdminAsync("cut", "--device", UemInstallation.DeviceName);
        await uem.Device.WaitForLineAsync("the device hears of the cut", line => line.Contains("has cut this device", StringComparison.Ordinal));
    }

    // An invitation is a grain of its own, in either silo: several in a row that succeed say that both silos' shares are served.
    private static async Task<TimeSpan> RecoverAsync(UemInstallation uem)
    {
        var watch = Stopwatch.StartNew();
        var recovered = TimeSpan.Zero;
        for (var (attempts, good) = (0, 0); good < 4; attempts++)
        {
            Assert.True(attempts < 60, "invitations still fail");
            var started = watch.Elapsed;
            var isGood = (await TryInviteAsync(uem)).ExitCode == 0;
            recovered = isGood && good > 0 ? recovered : started;
            good = isGood ? good + 1 : 0;
        }

        return recovered;
    }

    private static Task<string> InviteAsync(UemInstallation uem) => uem.AdminAsync("invite", "--relay", "203.0.113.1:3101");

    private static Task<CommandResult> TryInviteAsync(UemInstallation uem) =>
        UemInstallation.TryUemAsync(uem.RelaySide, "admin", "invite", "--relay", "203.0.113.1:3101", "--state", uem.StateOf("silo"));
}
