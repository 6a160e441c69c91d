using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Device;
using OrleansUem.Device.Apps;
using OrleansUem.Device.Control;
using OrleansUem.Device.Names;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Device.Control;

/// <summary>Asking and ending an agent over its socket; the agent is the test's.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ControlSocketTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("uem-control-").FullName;
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private string SocketPath => Path.Combine(_folder, ControlSocket.Name);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Status_OfARunningAgent_IsItsReport()
    {
        using var waiters = new ControlWaiters();
        await using var server = Start(waiters);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SocketPath));
        var standing = await DeviceControl.AskAsync(_folder, TimeProvider.System, CancellationToken.None).WithinAsync("an answer");
        Assert.True(standing.IsUp);
        Assert.Equal(("laptop-7", 3L, "stub"), (standing.Report!.Device, standing.Report.Drops["NoTunnel"], standing.Report.Dns.By));
    }

    [Fact]
    public async Task Status_OfNobody_SaysSo()
    {
        Assert.Equal(new DeviceStanding(null, WasKilled: false), await DeviceControl.AskAsync(_folder, TimeProvider.System, CancellationToken.None));
        await Start(new ControlWaiters()).DisposeAsync();
        Assert.False(File.Exists(SocketPath));
        Assert.Equal(new DeviceStanding(null, WasKilled: false), await DeviceControl.AskAsync(_folder, TimeProvider.System, CancellationToken.None));
    }

    [Fact]
    public async Task Status_OfAnAgentThatWasKilled_SaysSoAndTakesTheSocketAway()
    {
        LeaveSocketBehind();
        Assert.True(File.Exists(SocketPath));
        Assert.Equal(new DeviceStanding(null, WasKilled: true), await DeviceControl.AskAsync(_folder, TimeProvider.System, CancellationToken.None));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public async Task Start_OverASocketThatWasLeftBehind_TakesItsPlace()
    {
        LeaveSocketBehind();
        await using var server = Start(new ControlWaiters());
        Assert.True((await DeviceControl.AskAsync(_folder, TimeProvider.System, CancellationToken.None)).IsUp);
    }

    [Fact]
    public async Task Down_WaitsUntilEverythingIsGivenBack()
    {
        var waiters = new ControlWaiters();
        var server = Start(waiters);
        var down = DeviceControl.DownAsync(_folder, TimeSpan.FromMinutes(1), new ManualTimeProvider(), CancellationToken.None);
        await _end.Task.WithinAsync("the agent is asked to end");
        await server.DisposeAsync();
        Assert.False(down.IsCompleted);
        waiters.Dispose();
        Assert.Contains("no device is enrolled", await down.WithinAsync("the end"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Down_OfAnAgentThatDoesNotEnd_IsGivenUpWithWords()
    {
        using var waiters = new ControlWaiters();
        await using var server = Start(waiters);
        var time = new ManualTimeProvider();
        var down = DeviceControl.DownAsync(_folder, TimeSpan.FromSeconds(20), time, CancellationToken.None);
        await _end.Task.WithinAsync("the agent is asked to end");
        time.Advance(TimeSpan.FromSeconds(20));
        var fault = await Assert.ThrowsAsync<TimeoutException>(() => down);
        Assert.Contains("20 s", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("up\n")]
    [InlineData("\n")]
    [InlineData("status status status status status status status status status status\n")]
    public async Task OtherRequests_AreClosedWithoutAWord(string request)
    {
        using var waiters = new ControlWaiters();
        await using var server = Start(waiters);
        using var socket = ControlSocket.Create();
        await socket.ConnectAsync(ControlSocket.EndPoint(SocketPath));
        await socket.SendAsync(Encoding.ASCII.GetBytes(request));
        try
        {
            Assert.Equal(0, await socket.ReceiveAsync(new byte[16]).WithinAsync("the end of the connection"));
        }
        catch (SocketException e)
        {
            // What it did not read makes its end a reset.
            Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
        }

        Assert.False(_end.Task.IsCompleted);
        Assert.True((await DeviceControl.AskAsync(_folder, TimeProvider.System, CancellationToken.None)).IsUp);
    }

    [Fact]
    public void Path_LongerThanASocketMayHave_IsRefusedWithTheBound()
    {
        var fault = Assert.Throws<DeviceFatalException>(() => ControlSocket.PathIn("/" + new string('x', 100)));
        Assert.Contains("at most 103", fault.Message, StringComparison.Ordinal);
    }

    /// <summary>What is looked at is moved aside, and a name beside must fit as well.</summary>
    [Fact]
    public async Task Status_OfAKilledAgentInALongPath_SaysSo()
    {
        var room = 103 - Encoding.UTF8.GetByteCount(Path.Combine(_folder, "x", ControlSocket.Name));
        var folder = Path.Combine(_folder, new string('x', 1 + room));
        Directory.CreateDirectory(folder);
        LeaveSocketBehind();
        File.Move(SocketPath, Path.Combine(folder, ControlSocket.Name));

        Assert.Equal(new DeviceStanding(null, WasKilled: true), await DeviceControl.AskAsync(folder, TimeProvider.System, CancellationToken.None));
        Assert.Throws<DeviceFatalException>(() => ControlSocket.PathIn(folder + "x"));
    }

    /// <summary>A socket has its name only while somebody answers on it, so nobody takes it for a killed agent's.</summary>
    [Fact]
    public async Task Start_LeavesNothingBeside()
    {
        using var waiters = new ControlWaiters();
        await using (Start(waiters))
        {
            Assert.Equal([SocketPath], Directory.GetFileSystemEntries(_folder));
        }

        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    private void LeaveSocketBehind()
    {
        // The framework removes the file of a socket that it bound when it is disposed in this process: bound under another name, it stays.
        using var socket = ControlSocket.Create();
        var first = Path.Combine(_folder, "first.sock");
        socket.Bind(ControlSocket.EndPoint(first));
        socket.Listen();
        File.Move(first, SocketPath);
    }

    private ControlServer Start(ControlWaiters waiters) =>
        ControlServer.Start(
        _folder, new ControlTargets(() => Report, () => _end.TrySetResult(), (asker, program) => AppMembers.RefuseAsync(asker, $"no {program} here")), waiters, TimeProvider.System, NullLogger.Instance);

    private static DeviceReport Report => new()
    {
        State = DeviceCondition.Up,
        Since = DateTimeOffset.UnixEpoch,
        Started = DateTimeOffset.UnixEpoch,
        ProcessId = 7,
        Mode = "up",
        Device = "laptop-7",
        CertificateExpires = DateTimeOffset.UnixEpoch,
        Interface = "uem0",
        Dns = new NameReport("stub", ["10.1.0.53"], ["corp.example"], ""),
        Drops = new Dictionary<string, long> { ["NoTunnel"] = 3 },
    };
}
