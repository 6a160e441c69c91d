using System.Net.Sockets;
using OrleansUem.Agent.Identity;
using OrleansUem.Device.Apps;
using OrleansUem.Device.Control;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Device.Apps;

/// <summary>Whether <c>uem device run</c> joins an agent or opens a tunnel of its own.</summary>
public sealed class AppJoinTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("uem-join-").FullName;
    private readonly Socket _listener = ControlSocket.Create();

    public void Dispose()
    {
        _listener.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [RequiresFact(Requirement.Root)]
    public async Task Find_WhereNobodyRuns_IsNothingAtOnce()
    {
        var time = new PassingTime(static _ => { });
        Assert.Null(await AppJoin.FindAsync(_folder, time, CancellationToken.None));
        Enrol();
        Assert.Null(await AppJoin.FindAsync(_folder, time, CancellationToken.None));
        Assert.Equal(0, time.Waits);
    }

    [RequiresFact(Requirement.Root)]
    public async Task Find_WhileAnAgentStarts_WaitsForIt()
    {
        Enrol();
        using var held = new StateDirectory(_folder).Lock();
        var time = new PassingTime(wait =>
        {
            if (wait == 3)
            {
                Listen();
            }
        });
        using var join = await AppJoin.FindAsync(_folder, time, CancellationToken.None).WithinAsync("the agent");
        Assert.NotNull(join);
        Assert.Equal(3, time.Waits);
    }

    [RequiresFact(Requirement.Root)]
    public async Task Find_WhereSomebodyHasTheDirectoryAndNeverAnswers_GivesUp()
    {
        Enrol();
        using var held = new StateDirectory(_folder).Lock();
        var time = new PassingTime(static _ => { });
        Assert.Null(await AppJoin.FindAsync(_folder, time, CancellationToken.None).WithinAsync("giving up"));
        Assert.Equal(AppJoin.TriesMax - 1, time.Waits);
    }

    private void Enrol() => File.WriteAllText(Path.Combine(_folder, "agent.json"), "");

    private void Listen()
    {
        _listener.Bind(ControlSocket.EndPoint(Path.Combine(_folder, ControlSocket.Name)));
        _listener.Listen();
    }

    /// <summary>A clock on which every wait is over at once.</summary>
    private sealed class PassingTime(Action<int> onWait) : TimeProvider
    {
        public int Waits { get; private set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            onWait(++Waits);
            return System.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
