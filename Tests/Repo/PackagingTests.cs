using OrleansUem.Tests.Kit;
using OrleansUem.Uem;
using Xunit;

namespace OrleansUem.Tests.Repo;

/// <summary>The Debian package: every unit starts a command that exists, is confined, and has what it names.</summary>
public sealed class PackagingTests
{
    private static readonly string[] Confinement =
    [
        "NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "ProtectControlGroups=yes", "ProtectKernelModules=yes",
        "RestrictNamespaces=yes", "LockPersonality=yes", "SystemCallArchitectures=native", "SystemCallFilter=@system-service", "UMask=0077",
    ];

    public static TheoryData<string> Roles => ["relay", "silo", "edge", "node", "device"];

    [Theory]
    [MemberData(nameof(Roles))]
    public void Unit_CommandLine_IsOneThatTheProgramTakes(string role)
    {
        var start = Value(Unit(role), "ExecStart");
        var options = Value(Repository.Read($"packaging/etc/{role}.conf"), "UEM_OPTIONS");
        var words = start.Replace("$UEM_OPTIONS", options, StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("/usr/bin/uem", words[0]);
        var parsed = UemCommand.Create().Parse(words[1..]);
        Assert.Null(ParseErrors.Describe(parsed));
        Assert.Empty(parsed.Errors);
        Assert.Contains($"--state /var/lib/{Value(Unit(role), "StateDirectory")}", start, StringComparison.Ordinal);
    }

    [Fact]
    public void Unit_OfTheDevice_PutsNamesBackHoweverItEnded()
    {
        var words = Value(Unit("device"), "ExecStopPost").Split(' ');
        Assert.Equal("/usr/bin/uem", words[0]);
        var parsed = UemCommand.Create().Parse(words[1..]);
        Assert.Null(ParseErrors.Describe(parsed));
        Assert.Equal("down", parsed.CommandResult.Command.Name);
        Assert.Contains("CAP_NET_BIND_SERVICE", Value(Unit("device"), "CapabilityBoundingSet"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void Unit_EveryRole_IsConfined(string role)
    {
        var lines = Unit(role).Split('\n');
        Assert.All(Confinement, setting => Assert.Contains(setting, lines));
        Assert.Contains(lines, line => line.StartsWith("CapabilityBoundingSet=", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("RestrictAddressFamilies=", StringComparison.Ordinal));
        Assert.Contains($"EnvironmentFile=/etc/uem/{role}.conf", lines);
        Assert.Contains($"/etc/uem/{role}.conf", Repository.Read("packaging/debian/conffiles").Split('\n'));
        var user = Value(Unit(role), "User");
        Assert.True(user == "root" || Repository.Read("packaging/sysusers.conf").Contains($"u {user} ", StringComparison.Ordinal), user);
    }

    [Fact]
    public void DropIn_OfANodeWithoutRights_TakesAwayWhatTheUnitGives()
    {
        var dropIn = Repository.Read("packaging/examples/uem-node-without-rights.conf").Split('\n');
        foreach (var right in new[] { "AmbientCapabilities", "CapabilityBoundingSet", "DeviceAllow" })
        {
            Assert.NotEmpty(Value(Unit("node"), right));
            Assert.Contains(right + "=", dropIn);
        }

        var parsed = UemCommand.Create().Parse(["node", "--state", "/x", "--allow", "10.1.0.0/16", "--egress", "user"]);
        Assert.Empty(parsed.Errors);
    }

    [RequiresFact(Requirement.None, "systemd-analyze")]
    public async Task Units_ForTheServiceManager_AreWellFormed()
    {
        var folder = Directory.CreateTempSubdirectory("uem-units-").FullName;
        try
        {
            foreach (var unit in Directory.EnumerateFiles(Path.Combine(Repository.Root, "packaging/systemd")).Select(path => Path.GetFileName(path)))
            {
                // The program is not installed where the tests run, and its absence would be the only complaint.
                var text = Repository.Read($"packaging/systemd/{unit}").Replace("/usr/bin/uem", "/bin/true", StringComparison.Ordinal);
                await File.WriteAllTextAsync(Path.Combine(folder, unit), text);
                var result = await ProcessUnderTest.RunAsync(null, unit, null, "systemd-analyze", "verify", "--man=no", Path.Combine(folder, unit));
                Assert.DoesNotContain(unit, result.Errors, StringComparison.Ordinal);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Unit(string role) => Repository.Read($"packaging/systemd/uem-{role}.service");

    private static string Value(string text, string key) =>
        Assert.Single(text.Split('\n'), line => line.StartsWith(key + "=", StringComparison.Ordinal))[(key.Length + 1)..];
}
