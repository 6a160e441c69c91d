using OrleansUem.Protocol.Ids;
using OrleansUem.Silo;
using OrleansUem.Silo.Admin;
using OrleansUem.Silo.State;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Silo;

public sealed class SiloStateTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Create_ThenLoad_IsOneInstallation_ForTheOwnersEyesOnly()
    {
        var directory = SiloUnderTest.NewDirectory();
        var id = SiloInit.Create(directory, "silo-1", _time);
        using var state = SiloState.Load(directory, _time);
        Assert.Equal(id, state.Installation);
        Assert.Equal(new PeerIdentity(id, PeerRole.Silo, "silo-1"), state.Credentials.Identity);
        if (!OperatingSystem.IsWindows())
        {
            foreach (var file in Directory.EnumerateFiles(directory))
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }

            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(directory));
        }
    }

    [Fact]
    public void Create_OverAnInstallation_Refuses()
    {
        var directory = SiloUnderTest.NewDirectory();
        var id = SiloInit.Create(directory, "silo-1", _time);
        Assert.Throws<SiloStartException>(() => SiloInit.Create(directory, "silo-2", _time));
        using var state = SiloState.Load(directory, _time);
        Assert.Equal(id, state.Installation);
    }

    [Fact]
    public void CreateLike_AnotherSilo_IsOneInstallationWithACertificateOfItsOwn()
    {
        var first = SiloUnderTest.NewDirectory();
        var second = SiloUnderTest.NewDirectory();
        var id = SiloInit.Create(first, "silo-1", _time);
        Assert.Equal(id, SiloInit.CreateLike(second, "silo-2", first, _time));
        using var one = SiloState.Load(first, _time);
        using var two = SiloState.Load(second, _time);
        Assert.Equal(one.Installation, two.Installation);
        Assert.Equal(new PeerIdentity(id, PeerRole.Silo, "silo-2"), two.Credentials.Identity);
        Assert.True(two.IsTenantTag(id, one.CreateTenantTag(id)));
        Assert.True(two.IsInvitationId(one.CreateInvitationId()));
    }

    [Theory]
    [InlineData("silo-1", "needs another --name")]
    [InlineData("Silo 2", "1..63")]
    public void CreateLike_NameTakenOrBad_Refuses(string name, string said)
    {
        var first = SiloUnderTest.NewDirectory();
        SiloInit.Create(first, "silo-1", _time);
        var refusal = Assert.Throws<SiloStartException>(() => SiloInit.CreateLike(SiloUnderTest.NewDirectory(), name, first, _time));
        Assert.Contains(said, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CreateLike_NoSilo_SaysSo() => Assert.Contains("holds no silo", Assert.Throws<SiloStartException>(
        () => SiloInit.CreateLike(SiloUnderTest.NewDirectory(), "silo-2", SiloUnderTest.NewDirectory(), _time)).Message, StringComparison.Ordinal);

    [Fact]
    public void Create_BadName_NamesTheRule() =>
        Assert.Contains("1..63", Assert.Throws<SiloStartException>(
            () => SiloInit.Create(SiloUnderTest.NewDirectory(), "Silo 1", _time)).Message, StringComparison.Ordinal);

    [Fact]
    public void Load_Missing_SaysHowToSetUp() =>
        Assert.Contains("uem silo init", Assert.Throws<SiloStartException>(
            () => SiloState.Load(SiloUnderTest.NewDirectory(), _time)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("installation.key.pem")]
    [InlineData("tenant-tag.key")]
    public void Load_PartMissingOrDamaged_NamesTheFile(string file)
    {
        var directory = SiloUnderTest.NewDirectory();
        SiloInit.Create(directory, "silo-1", _time);
        File.WriteAllText(Path.Combine(directory, file), "nonsense");
        Assert.Contains(file, Assert.Throws<SiloStartException>(() => SiloState.Load(directory, _time)).Message, StringComparison.Ordinal);
        File.Delete(Path.Combine(directory, file));
        Assert.Contains(file, Assert.Throws<SiloStartException>(() => SiloState.Load(directory, _time)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_KeyOpenToOthers_Refuses()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var directory = SiloUnderTest.NewDirectory();
        SiloInit.Create(directory, "silo-1", _time);
        File.SetUnixFileMode(Path.Combine(directory, "installation.key.pem"), UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.Contains("chmod 600", Assert.Throws<SiloStartException>(() => SiloState.Load(directory, _time)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_CertificateNearItsEnd_IsRenewed()
    {
        var directory = SiloUnderTest.NewDirectory();
        SiloInit.Create(directory, "silo-1", _time);
        _time.Advance(SiloInit.SiloValidity);
        using var state = SiloState.Load(directory, _time);
        Assert.True(state.Credentials.Certificate.NotAfter.ToUniversalTime() > _time.GetUtcNow().UtcDateTime.AddDays(300));
    }

    [Fact]
    public async Task Run_SecondSiloOnTheSameState_IsRefused()
    {
        await using var silo = await SiloUnderTest.StartAsync(_time);
        var refused = await Assert.ThrowsAsync<SiloStartException>(() => SiloUnderTest.StartAsync(_time, silo.Directory));
        Assert.Contains("Another silo process", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 1, "MaxConnections is 0: must be 1..100000.")]
    [InlineData(5, 6, "MaxConnectionsPerAddress is 6: must be 1..5.")]
    public void Validate_BadOption_NamesOptionValueAndBound(int connections, int perAddress, string expected) =>
        Assert.Contains(expected, SiloOptionsValidator.Validate(
            new SiloOptions { StateDirectory = "s", MaxConnections = connections, MaxConnectionsPerAddress = perAddress }));

    [Fact]
    public async Task Admin_BadFields_NameFieldAndBound()
    {
        await using var silo = await SiloUnderTest.StartAsync(_time);
        await FailsAsync("relayPort", () => silo.Admin.InviteAsync(new InvitationRequest("relay.example", 0)));
        await FailsAsync("relayHost", () => silo.Admin.InviteAsync(new InvitationRequest("re lay", 1)));
        await FailsAsync("lifetimeMinutes", () => silo.Admin.InviteAsync(new InvitationRequest("relay.example", 1, LifetimeMinutes: 43_201)));
        await FailsAsync("edgeId", () => silo.Admin.CreateEdgeTokenAsync(new EdgeTokenRequest("Edge!", "silo.example", 1)));
        await FailsAsync("tenant", () => silo.Admin.CutAsync(new CutRequest("xyz")));
        await FailsAsync("limit", () => silo.Admin.ListDevicesAsync(limit: 1_001));
        await FailsAsync("UnknownTenant", () => silo.Admin.CutAsync(new CutRequest(new string('a', 64))));
        Assert.True(await silo.Admin.IsReadyAsync());
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(silo.Ready.AdminSocketPath));
        }
    }

    [Fact]
    public async Task Admin_NoSilo_SaysWhere()
    {
        using var admin = AdminConnection.ToState(SiloUnderTest.NewDirectory());
        Assert.Contains("admin.sock", (await Assert.ThrowsAsync<AdminException>(() => admin.GetStatusAsync())).Message, StringComparison.Ordinal);
    }

    private static async Task FailsAsync<T>(string expected, Func<Task<T>> call) =>
        Assert.Contains(expected, (await Assert.ThrowsAsync<AdminException>(call)).Message, StringComparison.Ordinal);
}
