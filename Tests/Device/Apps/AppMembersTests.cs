using System.Net.Sockets;
using System.Text;
using OrleansUem.Agent.Apps;
using OrleansUem.Device;
using OrleansUem.Device.Apps;
using OrleansUem.Device.Control;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport.Native;
using Xunit;

namespace OrleansUem.Tests.Device.Apps;

/// <summary>Who gets into the tunnel of a named set, and when; the apps are the test's ends of real sockets.</summary>
public sealed class AppMembersTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("uem-members-").FullName;
    private readonly ManualTimeProvider _time = new();
    private readonly List<DeviceStatus> _steps = [];
    private readonly AppMembers? _members;
    private readonly Socket? _listener;
    private readonly string _program = "";

    public AppMembersTests()
    {
        if (OperatingSystem.IsLinux())
        {
            var names = AppNames.Read("--apps", ["sh"]);
            _program = names.Programs[0];
            _listener = ControlSocket.Create();
            _listener.Bind(ControlSocket.EndPoint(Path.Combine(_folder, "s")));
            _listener.Listen();
            _members = new AppMembers(names, _time, Remember) { Entrance = new AppEntrance([Descriptor(), Descriptor()]) };
        }
    }

    private AppMembers Members => _members!;

    public void Dispose()
    {
        _members?.Dispose();
        _members?.Entrance?.Dispose();
        _listener?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [RequiresFact(Requirement.Root)]
    public async Task App_BeforeTheTunnel_GetsInWithIt_AndCountsUntilItEnds()
    {
        var (app, admission) = await AskAsync(_program);
        Members.OnStatus(new DeviceStatus(DeviceStatusKind.Opening, ""));
        Assert.Equal(0, app.Available);
        Members.OnStatus(new DeviceStatus(DeviceStatusKind.Up, ""));
        AssertIn(app);
        var running = Assert.Single(Members.Report.Running);
        Assert.Equal((_program, Environment.ProcessId, _time.GetUtcNow()), (running.Program, running.ProcessId, running.Since));

        app.Dispose();
        await admission.WithinAsync("the app is gone");
        Assert.Empty(Members.Report.Running);
        Assert.Equal([DeviceStatusKind.AppJoined, DeviceStatusKind.AppLeft], _steps.Select(step => step.Kind));
    }

    [RequiresTheory(Requirement.Root)]
    [InlineData(DeviceStatusKind.Detached, false)]
    [InlineData(DeviceStatusKind.TunnelClosed, false)]
    [InlineData(DeviceStatusKind.Asleep, true)]
    public async Task App_AfterAnEndOfTheTunnel_WaitsForTheNext_ButNotOfOneThatSleeps(DeviceStatusKind end, bool isLetIn)
    {
        Members.OnStatus(new DeviceStatus(DeviceStatusKind.Up, ""));
        Members.OnStatus(new DeviceStatus(end, ""));
        var (app, _) = await AskAsync(_program);
        using (app)
        {
            Assert.Equal(isLetIn, Members.Report.Running.Count == 1);
            Members.OnStatus(new DeviceStatus(DeviceStatusKind.Up, ""));
            AssertIn(app);
        }
    }

    [RequiresFact(Requirement.Root)]
    public async Task App_ThatGivesUpWaiting_IsForgotten()
    {
        var (app, admission) = await AskAsync(_program);
        app.Dispose();
        await admission.WithinAsync("the asker is gone");
        Assert.Empty(_steps);
    }

    [RequiresFact(Requirement.Root)]
    public async Task App_ThatWasNotNamed_IsToldTheSet()
    {
        Members.OnStatus(new DeviceStatus(DeviceStatusKind.Up, ""));
        var (app, admission) = await AskAsync("/usr/bin/other");
        await admission.WithinAsync("the refusal");
        AssertRefused(app, $"/usr/bin/other is none of the apps of the running uem device up --apps: {_program}");
    }

    [RequiresFact(Requirement.Root)]
    public async Task App_BeyondTheBound_IsRefusedWithIt()
    {
        var apps = new List<Socket>();
        for (var i = 0; i < AppMembers.Max; i++)
        {
            apps.Add((await AskAsync(_program)).App);
        }

        var (late, admission) = await AskAsync(_program);
        await admission.WithinAsync("the refusal");
        AssertRefused(late, "There are 256 apps in the tunnel");
        apps.ForEach(app => app.Dispose());
    }

    [RequiresFact(Requirement.Root)]
    public async Task End_AsksAppsToEnd_RefusesThoseThatWait_AndTakesNoMore()
    {
        Members.OnStatus(new DeviceStatus(DeviceStatusKind.Up, ""));
        var (app, _) = await AskAsync(_program);
        AssertIn(app);
        Members.OnStatus(new DeviceStatus(DeviceStatusKind.TunnelClosed, ""));
        var (waiting, _) = await AskAsync(_program);

        var end = Members.EndAsync(TimeSpan.FromSeconds(8));
        var word = new byte[16];
        Assert.Equal("end\n", Encoding.ASCII.GetString(word, 0, await app.ReceiveAsync(word).WithinAsync("the word")));
        Assert.StartsWith("The running uem device up --apps is ending", await ReadAsync(waiting), StringComparison.Ordinal);
        waiting.Dispose();
        var (late, _) = await AskAsync(_program);
        AssertRefused(late, "is ending");
        Assert.False(end.IsCompleted);
        app.Dispose();
        await end.WithinAsync("all apps have ended");
    }

    [RequiresFact(Requirement.Root)]
    public async Task End_OfAnAppThatStays_WaitsNoLongerThanTheLimit()
    {
        Members.OnStatus(new DeviceStatus(DeviceStatusKind.Up, ""));
        var (app, admission) = await AskAsync(_program);
        var end = Members.EndAsync(TimeSpan.FromSeconds(8));
        Assert.False(end.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(8));
        await end.WithinAsync("the limit");

        // Its connection ends with the agent, which tells it that there is no network any more.
        Members.Dispose();
        await admission.WithinAsync("the connection's end");
        app.Dispose();
    }

    private void Remember(DeviceStatus status)
    {
        lock (_steps)
        {
            _steps.Add(status);
        }
    }

    private async Task<(Socket App, Task Admission)> AskAsync(string program)
    {
        var app = ControlSocket.Create();
        await app.ConnectAsync(_listener!.LocalEndPoint!);
        return (app, Members.AdmitAsync(await _listener.AcceptAsync(), program));
    }

    private static void AssertIn(Socket app)
    {
        using var entrance = AppEntrance.ReceiveFrom(app, TimeSpan.FromSeconds(30), out _);
        Assert.NotNull(entrance);
        Assert.Null(entrance.Namespaces.User);
        Assert.True(File.Exists(entrance.Namespaces.Network));
    }

    private static void AssertRefused(Socket app, string why)
    {
        Assert.Null(AppEntrance.ReceiveFrom(app, TimeSpan.FromSeconds(30), out var text));
        Assert.Contains(why, text, StringComparison.Ordinal);
        app.Dispose();
    }

    private static async Task<string> ReadAsync(Socket app)
    {
        var buffer = new byte[1024];
        return Encoding.UTF8.GetString(buffer, 0, await app.ReceiveAsync(buffer).WithinAsync("the refusal"));
    }

    // Any open file stands for a namespace here.
    private static OwnedDescriptor Descriptor() => OrleansUem.Agent.Native.DescriptorPassing.CreatePair().Ours;
}
