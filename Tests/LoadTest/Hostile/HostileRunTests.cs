using OrleansUem.LoadTest.Hostile;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.LoadTest.Hostile;

/// <summary>Each attack on a running edge, small: refused under its names, and the tunnels beside lose nothing. Nothing is said about times.</summary>
[Collection(AloneCollection.Name)]
[Trait("Category", "E2E")]
public sealed class HostileRunTests
{
    private static readonly HostileOptions Small = new()
    {
        Program = ["dotnet", Path.Combine(AppContext.BaseDirectory, "uem.dll")],
        Connections = 400,
        Handshakes = 160,
        Datagrams = 3_000,
        DatagramsPerSecond = 3_000,
        Frames = 300,
        Addresses = 60,
        HoldTime = TimeSpan.FromSeconds(2),
        QuietTime = TimeSpan.FromSeconds(1),
        PacketsPerSecond = 100,

        // Eight for each address, so that half of the connections find no place.
        MaxPending = 200,
    };

    [Fact]
    public async Task Run_EveryAttack_IsRefusedByNameAndTheTunnelsBesideLoseNothing()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));

        var report = await HostileLoad.RunAsync(Small, _ => { }, limit.Token);

        Assert.Equal(HostileLoad.AttackNames, report.Attacks.Select(attack => attack.Name));
        Assert.All(report.Attacks, attack =>
        {
            Assert.True(attack.Fault is null, $"{attack.Name}: {attack.Fault}");
            Assert.True(
                attack.MissingRefusals.Count == 0,
                $"{attack.Name}: nothing was counted as {string.Join(", ", attack.MissingRefusals)}, only {string.Join(", ", attack.Refused)}");
            Assert.True(attack.Sent > 0, attack.Name);
        });
        Assert.True(report.Attacks[0].Refused.ContainsKey("refusals/TooManyConnections"), string.Join(", ", report.Attacks[0].Refused));
        Assert.True(report.Last.OverUdp.Sent > 0 && report.Last.OverTcp.Sent > 0);
        Assert.Equal((report.Last.OverUdp.Sent, report.Last.OverTcp.Sent), (report.Last.OverUdp.Echoed, report.Last.OverTcp.Echoed));
        Assert.Contains("| silent | 400 |", report.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nothing", "--attacks 'nothing' is none of silent, ")]
    [InlineData(null, "--connections 20000 is out of its range 1..15000.")]
    public async Task Run_OptionThatCantBe_IsNamed(string? attack, string expected)
    {
        var options = Small with { Attacks = attack is null ? [] : [attack], Connections = attack is null ? 20_000 : 1 };

        var error = await Assert.ThrowsAsync<ArgumentException>(() => HostileLoad.RunAsync(options, _ => { }, CancellationToken.None));

        Assert.StartsWith(expected, error.Message, StringComparison.Ordinal);
    }
}
