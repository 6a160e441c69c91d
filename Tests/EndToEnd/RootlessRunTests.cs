using System.Globalization;
using OrleansUem.Tests.Kit;
using OrleansUem.Tests.Repo;
using Xunit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>The demonstration of <c>./run</c> by a user without any right: relay, node with the user-mode NAT, and a device, from end to end.</summary>
[Trait("Category", "E2E")]
public sealed class RootlessRunTests : IDisposable
{
    private const Requirement Needs = Requirement.Tun | Requirement.UserNamespaces | Requirement.Slirp;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private readonly string _folder = Directory.CreateTempSubdirectory("uem-rootless-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [RequiresFact(Needs, "bash", "setpriv", "setsid", "unshare", "nsenter", "ip", "curl", "ping")]
    public async Task Once_BringsThePageIntact_AndLeavesNothing()
    {
        await using var run = await StartAsync("--once");
        Assert.Equal(0, await run.WaitForExitAsync("the demonstration ends", Limit));
        Assert.Contains(run.Lines, line => line.Text.StartsWith("The page came through intact", StringComparison.Ordinal));
        Assert.Contains(run.Lines, line => line.Text.Contains("SHA-256 as at the server", StringComparison.Ordinal));
        AssertNothingIsLeft();
    }

    [RequiresFact(Needs, "bash", "setpriv", "setsid", "unshare", "nsenter", "ip", "curl", "ping", "kill")]
    public async Task Interrupted_DrainsEveryRole_AndLeavesNothing()
    {
        await using var run = await StartAsync();
        await run.WaitForLineAsync("it stays up", line => line.StartsWith("It stays up until Ctrl-C", StringComparison.Ordinal), Limit);

        // As a terminal does: to the whole group.
        var group = string.Create(CultureInfo.InvariantCulture, $"-{run.ProcessId}");
        (await ProcessUnderTest.RunAsync(null, "Ctrl-C", Limit, "kill", "-s", "INT", "--", group)).EnsureSuccess();
        Assert.Equal(130, await run.WaitForExitAsync("the demonstration ends"));
        AssertNothingIsLeft();
    }

    // Its folder, and the files by which a runtime can be debugged, which only a process that was killed leaves behind.
    private void AssertNothingIsLeft() => Assert.Empty(Directory.GetFileSystemEntries(_folder));

    private async Task<ProcessUnderTest> StartAsync(params string[] options)
    {
        (await ProcessUnderTest.RunAsync(null, "the user's folder", Limit, "chown", RequirementCheck.UnprivilegedUser, _folder)).EnsureSuccess();
        return ProcessUnderTest.Start(
            null, "unshare",
            [
                "--mount", "setsid", "sh", "-c", AppDevice.AsUser.Trim(), RequirementCheck.UnprivilegedUser,
                "env", $"HOME={_folder}", $"TMPDIR={_folder}", $"UEM_PROGRAM={UemInstallation.ProgramPath}", Path.Combine(Repository.Root, "scripts", "run-rootless"), .. options,
            ]);
    }
}
