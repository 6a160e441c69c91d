using OrleansUem.Agent.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Agent.Identity;

public sealed class AgentStateTests : IDisposable
{
    private static readonly DateTimeOffset Now = TestAuthority.Epoch;

    private readonly TestAuthority _installation = new("Installation");
    private readonly TestAuthority _tenant = new("Tenant");
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "uem-test-" + Guid.NewGuid().ToString("N"));

    public void Dispose()
    {
        _installation.Dispose();
        _tenant.Dispose();
        if (Directory.Exists(_directory))
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

    [Fact]
    public void Open_WhileOpen_SaysInUse()
    {
        Store();
        using var first = AgentState.Open(_directory, PeerRole.Device);
        var e = Assert.Throws<AgentStateException>(() => AgentState.Open(_directory, PeerRole.Device));
        Assert.Contains("in use", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OtherRoleOrEmpty_SaysWhatToRun()
    {
        Assert.Contains("device enrol", Assert.Throws<AgentStateException>(() => AgentState.Open(_directory, PeerRole.Device)).Message, StringComparison.Ordinal);
        Store();
        Assert.Contains("node init", Assert.Throws<AgentStateException>(() => AgentState.Open(_directory, PeerRole.Node)).Message, StringComparison.Ordinal);

        // The failed attempt lets the directory go.
        AgentState.Open(_directory, PeerRole.Device).Dispose();
    }

    [Fact]
    public void Open_KeyReadableByOthers_IsRefused()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        Store();
        var key = Directory.GetFiles(_directory, "key-*.pem").Single();
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.Contains("chmod 600", Assert.Throws<AgentStateException>(() => AgentState.Open(_directory, PeerRole.Device)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{\"version\":1}")]
    public void Open_DamagedDocument_NamesTheFile(string text)
    {
        Store();
        File.WriteAllText(Path.Combine(_directory, "agent.json"), text);
        Assert.Contains("agent.json", Assert.Throws<AgentStateException>(() => AgentState.Open(_directory, PeerRole.Device)).Message, StringComparison.Ordinal);
    }

    // A process that is killed never gets to say how far it came: each start below is one.
    [Fact]
    public void Take_OverManyStarts_NeverRepeats()
    {
        Store();
        ulong last = 0;
        for (var start = 0; start < 5; start++)
        {
            using var state = AgentState.Open(_directory, PeerRole.Device);
            for (var i = 0; i < (start * 40) + 1; i++)
            {
                var next = state.Generations.Take(Now.AddDays(-start));
                Assert.True(next > last, $"start {start}, attach {i}: {next} after {last}");
                last = next;
            }
        }
    }

    [Fact]
    public void Take_WithinABlock_WritesOnce()
    {
        Store();
        using var state = AgentState.Open(_directory, PeerRole.Device);
        var file = Path.Combine(_directory, "generation");
        state.Generations.Take(Now);
        var reserved = File.ReadAllText(file);
        for (var i = 1; i < GenerationStore.BlockCount; i++)
        {
            state.Generations.Take(Now);
        }

        Assert.Equal(reserved, File.ReadAllText(file));
        state.Generations.Take(Now);
        Assert.NotEqual(reserved, File.ReadAllText(file));
    }

    [Fact]
    public void Raise_AboveTheReserve_IsReservedBeforeItIsUsed()
    {
        Store();
        ulong used;
        using (var state = AgentState.Open(_directory, PeerRole.Device))
        {
            var told = state.Generations.Take(Now) + 1_000_000;
            state.Generations.Raise(told, Now);
            used = state.Generations.Take(Now);
            Assert.Equal(told + 1, used);
        }

        using var again = AgentState.Open(_directory, PeerRole.Device);
        Assert.True(again.Generations.Take(Now) > used);
    }

    [Theory]
    [InlineData("edge.example:443", "edge.example", 443)]
    [InlineData("192.0.2.1:8443", "192.0.2.1", 8443)]
    [InlineData("[2001:db8::1]:443", "2001:db8::1", 443)]
    public void RelayAddress_GoodText_ReadsBack(string text, string host, int port)
    {
        Assert.True(RelayAddress.TryParse(text, out var address));
        Assert.Equal(new RelayAddress(host, port), address);
        Assert.Equal(text, address.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("edge.example")]
    [InlineData("edge.example:")]
    [InlineData("edge.example:0")]
    [InlineData("edge.example:65536")]
    [InlineData(":443")]
    [InlineData("2001:db8::1:443")]
    [InlineData("[]:443")]
    [InlineData("a b:443")]
    public void RelayAddress_BadText_IsRefused(string? text) => Assert.False(RelayAddress.TryParse(text, out _));

    private void Store()
    {
        using var credentials = _tenant.Issue(PeerRole.Device, "phone-1");
        AgentState.Store(_directory, new AgentEnrolment
        {
            Credentials = credentials,
            InstallationRoot = _installation.Authority.Root,
            TenantTag = new byte[16],
            Relays = [new RelayAddress("127.0.0.1", 443)],
        });
    }
}
