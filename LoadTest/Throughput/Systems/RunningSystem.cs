using System.Diagnostics;
using OrleansUem.LoadTest.Machines;

namespace OrleansUem.LoadTest.Throughput.Systems;

/// <summary>The processes of a system during one turn, and how to reach the target through it. Dispose ends them and undoes the changes to the network.</summary>
internal sealed class RunningSystem : IAsyncDisposable
{
    private readonly List<SystemRole> _roles = [];
    private readonly Stack<Func<Task>> _undo = [];

    public IReadOnlyList<SystemRole> Roles => _roles;

    /// <summary>Where the device finds the target.</summary>
    public string Target { get; set; } = LabNetwork.Target;

    /// <summary>Where the device finds the target's iperf3.</summary>
    public int TargetPort { get; set; } = LabNetwork.TargetPort;

    /// <summary>A <see cref="Stopwatch"/> timestamp: just before the device's process started.</summary>
    public long DeviceStartedAt { get; private set; } = Stopwatch.GetTimestamp();

    /// <summary>Starts a process of the system.</summary>
    /// <param name="role">A name of <see cref="SystemRole"/>.</param>
    /// <param name="where">Its namespace.</param>
    /// <param name="command">Program and arguments.</param>
    public ChildProcess Start(string role, NetNamespace where, IReadOnlyList<string> command)
    {
        if (role == SystemRole.Device)
        {
            DeviceStartedAt = Stopwatch.GetTimestamp();
        }

        var process = ChildProcess.Start(where, command[0], command.Skip(1), Environment);
        _roles.Add(new SystemRole(role, process));
        return process;
    }

    /// <summary>Added to our environment for the processes that are started from now on.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; set; }

    public ChildProcess ProcessOf(string role) => _roles.First(candidate => candidate.Name == role).Process;

    /// <summary>Remembers what has to be done at the end, the latest first.</summary>
    public void OnStop(Func<Task> undo) => _undo.Push(undo);

    /// <summary>The last line of every process, for the report of a fault.</summary>
    public string LastWords() => string.Join("; ", _roles.Select(role => $"{role.Name} said {role.Process.Tail(1).Trim()}"));

    public async ValueTask DisposeAsync()
    {
        for (var i = _roles.Count - 1; i >= 0; i--)
        {
            await _roles[i].Process.DisposeAsync();
        }

        while (_undo.TryPop(out var undo))
        {
            await undo();
        }
    }
}
