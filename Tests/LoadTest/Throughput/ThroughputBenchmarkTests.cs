using OrleansUem.LoadTest.Throughput;
using OrleansUem.LoadTest.Throughput.Systems;
using Xunit;

namespace OrleansUem.Tests.LoadTest.Throughput;

public sealed class ThroughputBenchmarkTests
{
    private static readonly string[] Program = ["dotnet", Path.Combine(AppContext.BaseDirectory, "uem.dll")];

    [Theory]
    [InlineData(0, 4, "--runs 0 is out of range: 1 to 50.")]
    [InlineData(51, 4, "--runs 51 is out of range: 1 to 50.")]
    [InlineData(1, 0, "--seconds 0 is out of range: 1 to 60.")]
    public async Task Run_OptionOutOfRange_NamesIt(int runs, int seconds, string expected)
    {
        var options = new ThroughputOptions { Program = Program, Runs = runs, Seconds = seconds };
        var refused = await Assert.ThrowsAsync<ArgumentException>(() => ThroughputBenchmark.RunAsync(options, _ => { }, CancellationToken.None));
        Assert.Equal(expected, refused.Message);
    }

    [Fact]
    public void Select_UnknownSystem_NamesThoseThatAreKnown()
    {
        var refused = Assert.Throws<ArgumentException>(() => MeasuredSystems.Select(MeasuredSystems.Create(Program), ["uem", "ipsec"]));
        Assert.StartsWith("--systems 'ipsec' is none of uem, uem-node-tcp, uem-tcp, wireguard-go,", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DescribeMissing_ProgramNotInstalled_SaysHowToInstallIt()
    {
        Assert.Equal("skipped: absent: no-such-program is not installed: apt-get install no-such-package", MeasuredSystems.DescribeMissing(new AbsentSystem()));
        Assert.Null(MeasuredSystems.DescribeMissing(new PlainForwarding()));
    }

    [Fact]
    public void Find_NamesOfLinkVariants_AreReadBack()
    {
        Assert.All(LinkVariants.All, variant => Assert.Equal(variant, LinkVariants.Find(LinkVariants.NameOf(variant))));
        Assert.Null(LinkVariants.Find("fast"));
    }

    private sealed class AbsentSystem : IMeasuredSystem
    {
        public string Name => "absent";

        public string Description => "";

        public IReadOnlyList<SystemProgram> Programs => [new("sh", "dash"), new("no-such-program", "no-such-package")];

        public Task PrepareAsync(LabNetwork lab, string folder, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartAsync(LabNetwork lab, RunningSystem running, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
