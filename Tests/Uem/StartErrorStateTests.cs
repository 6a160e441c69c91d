using System.Net;
using System.Net.Sockets;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Uem;

/// <summary>
/// What a person reads when something around the program is not as it should be: directories, disks, clocks, rights, texts. One line, what to do, and the exit status: 1
/// where trying again changes nothing, 2 where it may help.
/// </summary>
public sealed class StartErrorStateTests(RelayOnLoopback relay) : IClassFixture<RelayOnLoopback>, IDisposable
{
    private static readonly string[] User = ["setpriv", "--reuid", RequirementCheck.UnprivilegedUser, "--regid", RequirementCheck.UnprivilegedUser, "--clear-groups"];

    private readonly string _folder = Directory.CreateTempSubdirectory("uem-error-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task NodeInit_WhereNothingListens_SaysSo()
    {
        await relay.StartAsync();
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        var invitation = (await relay.InviteAsync()).Replace($":{relay.NodePort}", $":{port}", StringComparison.Ordinal);
        await AssertErrorAsync(2, $"Connecting to 127.0.0.1:{port} failed: nothing listens on this port there.", "node", "init", invitation, "--state", _folder);
    }

    [Fact]
    public async Task NodeInit_InvitationOfAnotherRelay_SendsNothing()
    {
        await relay.StartAsync();
        var other = new RelayOnLoopback();
        try
        {
            await other.StartAsync();
            var invitation = (await relay.InviteAsync()).Replace($":{relay.NodePort}", $":{other.NodePort}", StringComparison.Ordinal);
            await AssertErrorAsync(1, "is not an edge of the installation that the text names", "node", "init", invitation, "--state", _folder);
        }
        finally
        {
            await other.DisposeAsync();
        }
    }

    [Fact]
    public async Task NodeInit_InvitationUsedTwice_AsksForANewOne()
    {
        await relay.StartAsync();
        var invitation = await relay.InviteAsync();
        (await RelayOnLoopback.RunAsync("node", "init", invitation, "--state", Path.Combine(_folder, "first"))).EnsureSuccess();
        await AssertErrorAsync(1, "Ask the relay's operator for a new one.", "node", "init", invitation, "--state", Path.Combine(_folder, "second"));
    }

    [Fact]
    public async Task State_OfAnotherRole_IsNamed()
    {
        await relay.StartAsync();
        var silo = Path.Combine(relay.State, "silo");
        var edge = Path.Combine(relay.State, "edge");
        await AssertErrorAsync(1, "is the state of a node or device, not of a silo", "silo", "--state", relay.Node);
        await AssertErrorAsync(1, "is the state of a silo, not of a device or node", "node", "--state", silo, "--route", "10.1.0.0/24");
        await AssertErrorAsync(1, "is the state of a silo, not of an edge", "edge", "--state", silo, "--silo", "127.0.0.1:1");
        await AssertErrorAsync(1, "is the state of an edge, not of a device or node", "device", "up", "--state", edge);
        await AssertErrorAsync(1, "belongs to a Node, not to a Device", "device", "up", "--state", relay.Node);
    }

    [Theory]
    [InlineData("silo")]
    [InlineData("device", "up")]
    [InlineData("edge", "--silo", "127.0.0.1:1")]
    public async Task State_ThatIsAFile_IsNamed(params string[] command)
    {
        var file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "");
        await AssertErrorAsync(1, $"{file} is a file; --state takes a directory.", [.. command, "--state", file]);
    }

    [Fact]
    public async Task State_CutOff_SaysWhatToDo()
    {
        await relay.StartAsync();
        foreach (var file in new[] { "agent.json", "tenant-root.pem", "tenant-key.pem" })
        {
            var text = await File.ReadAllTextAsync(Path.Combine(relay.Node, file));
            await WriteSecretAsync(file, text[..(text.Length / 2)]);
        }

        await AssertErrorAsync(1, "agent.json is damaged: it is not the JSON that was written. Enrol again into an empty directory.", "node", "--state", _folder, "--route", "10.1.0.0/24");
        await AssertErrorAsync(1, "Restore both files from a backup.", "node", "activate", "laptop-1", "--state", _folder);
        File.Delete(Path.Combine(_folder, "agent.json"));
        await WriteSecretAsync("tenant-root.pem", await File.ReadAllTextAsync(Path.Combine(relay.Node, "tenant-root.pem")));
        await WriteSecretAsync("tenant-key.pem", await File.ReadAllTextAsync(Path.Combine(relay.Node, "tenant-key.pem")));
        await AssertErrorAsync(1, "holds no enrolment: agent.json is missing.", "node", "activate", "laptop-1", "--state", _folder);
    }

    [Fact]
    public async Task Activation_OverIpv6_IsATextThatDevicesTake()
    {
        await relay.StartAsync();
        var result = (await RelayOnLoopback.RunAsync("node", "activate", "laptop-6", "--state", relay.Node, "--relay", "[2001:db8::1]:443")).EnsureSuccess();
        Assert.StartsWith("uem://activate/[2001:db8::1]:443?", result.Output, StringComparison.Ordinal);
        var local = result.Output.Trim().Replace("[2001:db8::1]:443", "[::1]:1", StringComparison.Ordinal);
        await AssertErrorAsync(2, "Connecting to ::1:1 failed: ", "device", "enrol", local, "--state", _folder);
    }

    [Fact]
    public async Task Up_UdpPortInUse_NamesIt()
    {
        using var holder = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        await AssertErrorAsync(
            2, $"Listening on {holder.Client.LocalEndPoint}/udp failed: another process has this port.",
            "up", "--state", _folder, "--devices", $"{holder.Client.LocalEndPoint}", "--nodes", "127.0.0.1:0");
    }

    [RequiresFact(Requirement.Root, "unshare", "mount")]
    public async Task Disk_Full_IsNamed()
    {
        string[] full = ["unshare", "-m", "sh", "-c", $"mount -t tmpfs -o size=16k none {_folder} && head -c 16384 /dev/zero >{_folder}/x 2>/dev/null; exec \"$@\"", "sh"];
        AssertOneLine(await RelayOnLoopback.RunAsync(full, ["silo", "init", "--state", Path.Combine(_folder, "silo")]), 2, "No space left on device");
        await relay.StartAsync();
        var activation = await relay.ActivateAsync("laptop-2");
        AssertOneLine(await RelayOnLoopback.RunAsync(full, ["device", "enrol", activation, "--state", Path.Combine(_folder, "device")]), 2, "No space left on device");
    }

    [RequiresFact(Requirement.Root, "unshare", "mount")]
    public async Task Disk_ReadOnly_IsNamedAndNotTakenForASecondProcess()
    {
        (await RelayOnLoopback.RunAsync("silo", "init", "--state", Path.Combine(_folder, "silo"))).EnsureSuccess();
        string[] readOnly = ["unshare", "-m", "sh", "-c", $"mount --bind {_folder} {_folder} && mount -o remount,bind,ro {_folder} && exec \"$@\"", "sh"];
        AssertOneLine(await RelayOnLoopback.RunAsync(readOnly, ["silo", "--state", Path.Combine(_folder, "silo"), "--listen", "127.0.0.1:0"]), 2, "can't be written: Read-only file system");
        await relay.StartAsync();
        string[] readOnlyNode = ["unshare", "-m", "sh", "-c", $"mount --bind {relay.Node} {relay.Node} && mount -o remount,bind,ro {relay.Node} && exec \"$@\"", "sh"];
        AssertOneLine(await RelayOnLoopback.RunAsync(readOnlyNode, ["node", "--state", relay.Node, "--route", "10.1.0.0/24"]), 2, "can't be written: Read-only file system");
    }

    [RequiresFact(Requirement.Root, "faketime")]
    public async Task Clock_OutsideOfACertificate_IsNamedWithBothTimes()
    {
        await relay.StartAsync();
        AssertOneLine(
            await RelayOnLoopback.RunAsync(["faketime", "-f", "+3y"], ["edge", "--state", Path.Combine(relay.State, "edge"), "--silo", "127.0.0.1:1", "--devices", "127.0.0.1:0", "--nodes", "127.0.0.1:0"]),
            1, "Set the clock; if it is right, join again: uem edge join TOKEN");
        (await RelayOnLoopback.RunAsync("silo", "init", "--state", _folder)).EnsureSuccess();
        AssertOneLine(
            await RelayOnLoopback.RunAsync(["faketime", "-f", "+60y"], ["silo", "--state", _folder, "--listen", "127.0.0.1:0"]),
            1, "Set the clock; if it is right, a new installation is needed");
    }

    /// <summary>An edge's certificate is good for 397 days: the small relay must not stop working after them.</summary>
    [RequiresFact(Requirement.Root, "faketime")]
    public async Task Up_AfterTheEdgesCertificateEnded_JoinsAgain()
    {
        string[] up = ["dotnet", RelayOnLoopback.Program, "up", "--state", _folder, "--devices", "127.0.0.1:0", "--nodes", "127.0.0.1:0"];

        // faketime itself stays between, and keeps signals to itself.
        string[] later = ["sh", "-c", "LD_PRELOAD=$(faketime -f +0d printenv LD_PRELOAD) FAKETIME=+400d exec \"$@\"", "sh", .. up];
        foreach (var words in new[] { up, later })
        {
            await using var process = ProcessUnderTest.Start(null, words[0], words[1..]);
            await process.WaitForLineAsync("the relay is linked", line => line.Contains("linked to a silo", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
            process.Interrupt();
            Assert.Equal(0, await process.WaitForExitAsync("the relay stops"));
        }
    }

    [RequiresFact(Requirement.Root | Requirement.UserNamespaces, "setpriv", "unshare", "mount")]
    public async Task Node_WithoutTunOrRights_NamesWhatIsMissing()
    {
        await relay.StartAsync();
        string[] node = ["node", "--state", relay.Node, "--route", "10.1.0.0/24", "--nat"];
        string[] noTun = ["unshare", "-n", "-m", "sh", "-c", "mount -t tmpfs none /dev/net && exec \"$@\"", "sh"];
        AssertOneLine(await RelayOnLoopback.RunAsync(noTun, [.. node, "--egress", "tun"]), 1, "/dev/net/tun is missing");
        string[] noNft = ["unshare", "-n", "-m", "sh", "-c", "mount -t tmpfs none /usr/sbin && exec \"$@\"", "sh"];
        AssertOneLine(await RelayOnLoopback.RunAsync(noNft, node), 1, "The program nft is missing, which the node needs for address translation: apt install nftables.");
        string[] noSlirp =
        [
            "unshare", "-n", "-m", "sh", "-c",
            "mount -t tmpfs none /dev/net; for f in $(ldconfig -p | sed -n 's:.*libslirp.so.0 .* => ::p'); do mount --bind /dev/null \"$f\"; done; exec \"$@\"", "sh",
        ];
        AssertOneLine(await RelayOnLoopback.RunAsync(noSlirp, node), 1, "/dev/net/tun can't be opened), and without one: The user-mode NAT needs libslirp 4.7");
        AssertOneLine(await RelayOnLoopback.RunAsync(User, node), 1, "Run the command as the directory's owner.");
    }

    [Fact]
    public async Task Interrupt_WhileEnrolling_EndsAtOnceAndIsNoSuccess()
    {
        await relay.StartAsync();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var text = (await relay.ActivateAsync("laptop-3")).Replace($":{relay.DevicePort}", $":{((IPEndPoint)silent.LocalEndpoint).Port}", StringComparison.Ordinal);
        await using var enrol = ProcessUnderTest.Start(null, "dotnet", [RelayOnLoopback.Program, "device", "enrol", text, "--state", _folder]);

        // It has connected and waits for the server's part of the handshake.
        using var accepted = await silent.AcceptSocketAsync().WithinAsync("the connection");
        enrol.Interrupt();
        Assert.Equal(130, await enrol.WaitForExitAsync("the end"));
    }

    [RequiresFact(Requirement.Slirp)]
    public async Task Interrupt_WhileConnectingAndRunning_EndsOrderly()
    {
        await relay.StartAsync();
        foreach (var phase in new[] { "connecting", "attached" })
        {
            await using var node = ProcessUnderTest.Start(null, "dotnet", [RelayOnLoopback.Program, "node", "--state", relay.Node, "--route", "10.1.0.0/24", "--egress", "user"]);
            await node.WaitForLineAsync(phase, line => line.StartsWith(phase, StringComparison.Ordinal), TimeSpan.FromSeconds(60));
            node.Interrupt();
            Assert.Equal(0, await node.WaitForExitAsync("the node stops"));
        }
    }

    [RequiresFact(Requirement.Slirp)]
    public async Task Activation_UsedTwice_AsksForANewOne()
    {
        await relay.StartAsync();
        await using var node = ProcessUnderTest.Start(null, "dotnet", [RelayOnLoopback.Program, "node", "--state", relay.Node, "--route", "10.1.0.0/24", "--egress", "user"]);
        await node.WaitForLineAsync("attached", line => line.StartsWith("attached", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        var activation = await relay.ActivateAsync("laptop-4");
        (await RelayOnLoopback.RunAsync("device", "enrol", activation, "--state", Path.Combine(_folder, "first"))).EnsureSuccess();
        await AssertErrorAsync(1, "Ask for a new one.", "device", "enrol", activation, "--state", Path.Combine(_folder, "second"));
        await AssertErrorAsync(2, "is in use by another process. Stop that first.", "node", "--state", relay.Node, "--route", "10.1.0.0/24");
    }

    private static async Task AssertErrorAsync(int exitCode, string words, params string[] arguments) =>
        AssertOneLine(await RelayOnLoopback.RunAsync(arguments), exitCode, words);

    // Log lines may stand before it; the last line is the person's.
    private static void AssertOneLine(CommandResult result, int exitCode, string words)
    {
        var line = result.Errors.TrimEnd().Split('\n')[^1];
        Assert.Contains(words, line, StringComparison.Ordinal);
        Assert.StartsWith("error: ", line, StringComparison.Ordinal);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
    }

    private async Task WriteSecretAsync(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        await File.WriteAllTextAsync(path, text);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }
}
