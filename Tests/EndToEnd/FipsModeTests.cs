using OrleansUem.LoadTest.Web;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>The main job with every role in FIPS mode: whatever is not approved would fail by name.</summary>
[Trait("Category", "E2E")]
public sealed class FipsModeTests
{
    [RequiresFact(Requirement.Tun | Requirement.Nftables | Requirement.FipsModule, "curl")]
    public async Task Download_EveryRoleInFipsMode_ComesThrough()
    {
        const long count = 5_000_000;
        await using var uem = await UemInstallation.StartWithAsync(
            "--fips", "--fips-module", RequirementCheck.FipsModuleFile!, "--fips-config", RequirementCheck.FipsConfigFile!);
        Assert.Equal(SampleBytes.Sha256(count), await uem.DownloadAsync(count, TimeSpan.FromMinutes(2)));
        foreach (var role in new[] { uem.Silo, uem.Edge, uem.Node, uem.Device })
        {
            Assert.Contains(role.Lines, static line => line.Text.StartsWith("FIPS mode: OpenSSL FIPS Provider", StringComparison.Ordinal));
        }
    }
}
