using System.Net;
using System.Net.Sockets;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Uem;

/// <summary>What a person reads when the real program can't start: one line that names the cause and what to do, and the exit status that scripts look at.</summary>
public sealed class StartErrorTests : IDisposable
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "uem.dll");

    private readonly string _folder = Directory.CreateTempSubdirectory("uem-start-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Up_PortInUse_NamesThePort()
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        await AssertErrorAsync(
            2, $"Listening on {holder.LocalEndpoint} failed: another process has this port.",
            "up", "--state", _folder, "--devices", $"{holder.LocalEndpoint}", "--nodes", "127.0.0.1:0");
    }

    [Fact]
    public async Task Up_StateOfARunningRelay_NamesTheLock()
    {
        string[] up = ["up", "--state", _folder, "--devices", "127.0.0.1:0", "--nodes", "127.0.0.1:0"];
        await using var first = ProcessUnderTest.Start(null, "dotnet", [Program, .. up]);
        await first.WaitForLineAsync("first relay", line => line.Contains("edge edge-1 ready", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        await AssertErrorAsync(2, "Another silo process uses", up);
    }

    [Fact]
    public async Task DeviceUp_NothingEnrolled_SaysHowToEnrol() =>
        await AssertErrorAsync(1, "holds no enrolment. Ask for an activation and run: uem device enrol", "device", "up", "--state", _folder);

    [RequiresTheory(Requirement.Root)]
    [InlineData("--apps 'no-such-app': there is no such program.", "no-such-app")]
    [InlineData("--apps '/etc/passwd' is no program that you may run.", "/etc/passwd")]
    [InlineData("--apps names 'sh' twice.", "env,sh,sh")]
    [InlineData("--apps names 'sh' twice.", "sh", "env", "sh")]
    [InlineData("--apps has an empty name", "sh,")]
    [InlineData("--dns has no meaning with --apps", "sh", "--dns", "off")]
    [InlineData("--accept-default-route has no meaning with --apps", "sh", "--accept-default-route")]
    public async Task DeviceUp_AppsThatCannotBeASet_AreNamed(string words, params string[] apps) =>
        await AssertErrorAsync(1, words, ["device", "up", "--state", _folder, "--apps", .. apps]);

    // The library is hidden in a mount namespace of the command's own.
    [RequiresFact(Requirement.Root, "unshare", "mount", "ldconfig")]
    public async Task AnyCommand_WithoutOpenSsl_NamesThePackage()
    {
        const string Hide = "for f in $(ldconfig -p | sed -n 's:.*libssl.so.* => ::p'); do mount --bind /dev/null \"$f\"; done; exec \"$@\"";
        var result = await ProcessUnderTest.RunAsync(
            null, "without libssl", TimeSpan.FromSeconds(60), "unshare", "-m", "bash", "-c", Hide, "sh", "dotnet", Program, "silo", "--state", _folder);
        AssertOneLine(result, 1, "Install the package libssl3");
    }

    private static async Task AssertErrorAsync(int exitCode, string words, params string[] arguments) => AssertOneLine(
        await ProcessUnderTest.RunAsync(null, string.Join(' ', arguments), TimeSpan.FromSeconds(60), "dotnet", [Program, .. arguments]), exitCode, words);

    // Log lines may stand before it; the last line is the person's.
    private static void AssertOneLine(CommandResult result, int exitCode, string words)
    {
        Assert.Equal(exitCode, result.ExitCode);
        var line = result.Errors.TrimEnd().Split('\n')[^1];
        Assert.StartsWith("error: ", line, StringComparison.Ordinal);
        Assert.Contains(words, line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
    }
}
