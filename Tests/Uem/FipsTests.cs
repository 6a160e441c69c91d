using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Uem;

/// <summary>FIPS mode of the real program: it is on as a whole, or the program does not start and says in one line what is missing.</summary>
public sealed class FipsTests : IDisposable
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "uem.dll");

    private readonly string _folder = Directory.CreateTempSubdirectory("uem-fips-").FullName;

    public static TheoryData<string> Roles() => ["silo", "edge", "node", "device", "up"];

    private static string[] Options => ["--fips", "--fips-module", RequirementCheck.FipsModuleFile!, "--fips-config", RequirementCheck.FipsConfigFile!];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>No role starts without the module, whatever else is wrong with its options.</summary>
    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Role_WithoutTheModule_Refuses(string role)
    {
        string[] command = role switch
        {
            "edge" => ["edge", "--silo", "127.0.0.1:1"],
            "node" => ["node", "--pool", "10.64.0.0/16"],
            "device" => ["device", "up"],
            _ => [role],
        };
        await AssertRefusedAsync("--fips-module '/nowhere/fips.so' does not exist. Build or get a module", [.. command, "--state", _folder, "--fips", "--fips-module", "/nowhere/fips.so"]);
    }

    [Fact]
    public async Task OwnFolder_HasNoModule_Refuses() => await AssertRefusedAsync(
        "OpenSSL's provider 'fips' can't be used", new Dictionary<string, string?> { ["OPENSSL_MODULES"] = _folder, ["OPENSSL_CONF"] = "/dev/null" }, "crypto", "--fips");

    /// <summary>A file that is no module, and one that says nothing of the module.</summary>
    [Fact]
    public async Task Configuration_OfAnotherKind_Refuses()
    {
        var module = Path.Combine(_folder, "fips.so");
        var configuration = Path.Combine(_folder, "fipsmodule.cnf");
        await File.WriteAllTextAsync(module, "no library");
        await AssertRefusedAsync($"--fips-config '{configuration}' does not exist", "crypto", "--fips", "--fips-module", module, "--fips-config", configuration);
        await File.WriteAllTextAsync(configuration, "[other]\n");
        await AssertRefusedAsync("has no section [fips_sect]", "crypto", "--fips", "--fips-module", module, "--fips-config", configuration);
        await File.WriteAllTextAsync(configuration, "[fips_sect]\nactivate = 1\nmodule-mac = 00\n");
        await AssertRefusedAsync("OpenSSL's provider 'fips' can't be used", "crypto", "--fips", "--fips-module", module, "--fips-config", configuration);
    }

    [Fact]
    public async Task ModuleOptions_WithoutFips_AreAnError() => await AssertRefusedAsync("mean nothing without --fips", "crypto", "--fips-module", "/x");

    /// <summary>Without FIPS mode the machine's OpenSSL has it all, so that "refused" below means something.</summary>
    [Fact]
    public async Task Crypto_Normally_Works()
    {
        var result = await RunAsync(null, "crypto");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("MD5 (not approved, not used): works", result.Output, StringComparison.Ordinal);
    }

    /// <summary>The provider in the default library context is .NET's too: what is approved works, what is not can't be had.</summary>
    [RequiresFact(Requirement.FipsModule)]
    public async Task Crypto_InFipsMode_IsOfTheModuleOnly()
    {
        var result = await RunAsync(null, ["crypto", .. Options]);
        Assert.True(result.ExitCode == 0, result.Output + result.Errors);
        Assert.Contains("FIPS mode on", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("FAILS", result.Output, StringComparison.Ordinal);
        Assert.Contains("MD5 (not approved, not used): refused", result.Output, StringComparison.Ordinal);
        Assert.Contains("ChaCha20-Poly1305 (not approved, not used): refused", result.Output, StringComparison.Ordinal);
        Assert.Contains("FIPS mode: OpenSSL FIPS Provider", result.Errors, StringComparison.Ordinal);
    }

    /// <summary>A module that was changed after fipsinstall fails its own checksum.</summary>
    [RequiresFact(Requirement.FipsModule)]
    public async Task Module_Altered_Refuses()
    {
        var module = Path.Combine(_folder, "fips.so");
        var bytes = await File.ReadAllBytesAsync(RequirementCheck.FipsModuleFile!);
        await File.WriteAllBytesAsync(module, [.. bytes, 0]);
        await AssertRefusedAsync("OpenSSL's provider 'fips' can't be used", "crypto", "--fips", "--fips-module", module, "--fips-config", RequirementCheck.FipsConfigFile!);
    }

    /// <summary>A relay in FIPS mode makes its CA, joins its own edge over TLS and serves.</summary>
    [RequiresFact(Requirement.FipsModule)]
    public async Task Up_InFipsMode_Serves()
    {
        await using var relay = ProcessUnderTest.Start(
            null, "dotnet", [Program, "up", "--state", _folder, "--devices", "127.0.0.1:0", "--nodes", "127.0.0.1:0", .. Options]);
        await relay.WaitForLineAsync("the relay serves", static line => line.Contains("edge edge-1 ready", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        var edges = await RunAsync(null, "admin", "edges", "--state", _folder);
        Assert.Contains("linked", edges.Output, StringComparison.Ordinal);
    }

    private static Task AssertRefusedAsync(string words, params string[] arguments) => AssertRefusedAsync(words, null, arguments);

    private static async Task AssertRefusedAsync(string words, Dictionary<string, string?>? environment, params string[] arguments)
    {
        var result = await RunAsync(environment, arguments);
        Assert.True(result.ExitCode == 1, $"{result.ExitCode}: {result.Output}{result.Errors}");
        var line = Assert.Single(result.Errors.TrimEnd().Split('\n'));
        Assert.StartsWith("error: ", line, StringComparison.Ordinal);
        Assert.Contains(words, line, StringComparison.Ordinal);
    }

    private static Task<CommandResult> RunAsync(Dictionary<string, string?>? environment, params string[] arguments) => ProcessUnderTest.RunAsync(
        null, string.Join(' ', arguments), TimeSpan.FromSeconds(60), "env",
        [.. (environment ?? []).Select(static pair => $"{pair.Key}={pair.Value}"), "dotnet", Program, .. arguments]);
}
