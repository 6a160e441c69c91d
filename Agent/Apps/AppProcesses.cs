using System.Globalization;
using System.Runtime.InteropServices;
using OrleansUem.Agent.Native;

namespace OrleansUem.Agent.Apps;

/// <summary>
/// A command inside the apps' network, and every process that it leaves behind. This process becomes the parent of the command's orphans (a subreaper, prctl(2)), so a launcher
/// that starts its app and ends, or a daemon that leaves its terminal, still counts. Once in a process: all its children are waited for.
/// <para>
/// Signals: Ctrl-C reaches the command by itself while this process is in the terminal's foreground; whatever else arrives is handed on. After one that asks to end, what the command
/// left behind is asked too, and killed after <see cref="Patience"/>.
/// </para>
/// </summary>
public sealed class AppProcesses
{
    /// <summary>How long processes have to end after they were asked to. Arbitrary: what a person waits at a terminal.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Exit status when the command's file may not be run (as with env(1), timeout(1) and shells).</summary>
    public const int NotExecutable = 126;

    /// <summary>Exit status when there is no such command.</summary>
    public const int NotFound = 127;

    private static readonly SignalNumber[] Handled =
        [SignalNumber.Terminate, SignalNumber.Hangup, SignalNumber.Interrupt, SignalNumber.Quit, SignalNumber.User1, SignalNumber.User2];

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource<int> _commandEnd = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _lastEnd = new(TaskCreationOptions.RunContinuationsAsynchronously);
    // Never given back: a Ctrl-C that the command died of may be seen here only after its end.
    private readonly PosixSignalRegistration[] _registrations;
    private ITimer? _killTimer;
    private int _command;
    private bool _isCommandGone;
    private bool _isEndAsked;
    private bool _isKilling;

    private AppProcesses(TimeProvider time)
    {
        _time = time;

        // nohup(1) starts us with SIGHUP ignored: the command inherits that, unless it is handled here.
        _registrations = [.. Handled.Where(signal => !SpawnedProcess.IsIgnored(signal)).Select(Handle)];
    }

    /// <summary>The command's exit status, or 128 and the signal that ended it.</summary>
    public Task<int> Command => _commandEnd.Task;

    /// <summary>Completes when the command and all processes it left behind have ended.</summary>
    public Task Last => _lastEnd.Task;

    /// <summary>Starts the command.</summary>
    /// <param name="namespaces">Where.</param>
    /// <param name="command">The program and its arguments; the program as a full path from <see cref="Find"/>.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="AppNetworkException">It can't be started.</exception>
    public static AppProcesses Start(AppNamespaces namespaces, IReadOnlyList<string> command, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(namespaces);
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(time);
        string[] words = namespaces.IsOwn ? [.. command] : Enter(namespaces, command);
        try
        {
            // Signals first: the command may run, and a person see it, before the start returns.
            var processes = new AppProcesses(time);
            processes.Start(words);
            return processes;
        }
        catch (IOException e)
        {
            throw new AppNetworkException(e.Message, e);
        }
    }

    // The words of the program that goes inside and becomes the command.
    private static string[] Enter(AppNamespaces namespaces, IReadOnlyList<string> command)
    {
        var enter = ProgramPath.Find("nsenter")
            ?? throw new AppNetworkException("The program nsenter is missing, which puts a command into the apps' network: apt install util-linux.");
        string[] user = namespaces.User is { } path ? [$"--user={path}", "--preserve-credentials"] : [];

        // A mount namespace is entered at its root: the shell goes back to the directory and becomes the command.
        return
        [
            enter, .. user, $"--net={namespaces.Network}", $"--mount={namespaces.Mount}", "--",
            "/bin/sh", "-c", "cd \"$0\" 2>/dev/null || cd /; exec \"$@\"", Environment.CurrentDirectory, .. command,
        ];
    }

    /// <summary>Finds the command's program as a shell does.</summary>
    /// <param name="command">What the person typed.</param>
    /// <param name="exitCode">When there is none: <see cref="NotFound"/> or <see cref="NotExecutable"/>.</param>
    /// <returns>The full path; null: it can't be run.</returns>
    public static string? Find(string command, out int exitCode)
    {
        ArgumentNullException.ThrowIfNull(command);
        var path = ProgramPath.Resolve(command, out var isForbidden);
        exitCode = isForbidden ? NotExecutable : NotFound;
        return path;
    }

    /// <summary>Asks everything to end, as SIGTERM does.</summary>
    public void Stop() => HandOn(SignalNumber.Terminate);

    private void Start(string[] words)
    {
        lock (_gate)
        {
            SpawnedProcess.AdoptOrphans();
            _command = SpawnedProcess.Start(words[0], words);
        }

        new Thread(WaitForAll) { IsBackground = true, Name = "uem-apps" }.Start();
    }

    // Signals beyond PosixSignal's own are given by the system's number, which the framework takes as it is.
    private PosixSignalRegistration Handle(SignalNumber signal)
    {
        var named = signal switch
        {
            SignalNumber.Terminate => PosixSignal.SIGTERM,
            SignalNumber.Hangup => PosixSignal.SIGHUP,
            SignalNumber.Interrupt => PosixSignal.SIGINT,
            SignalNumber.Quit => PosixSignal.SIGQUIT,
            _ => (PosixSignal)signal,
        };
        return PosixSignalRegistration.Create(named, context =>
        {
            context.Cancel = true;
            HandOn(signal);
        });
    }

    private void HandOn(SignalNumber signal)
    {
        lock (_gate)
        {
            var asksToEnd = signal is not (SignalNumber.User1 or SignalNumber.User2);
            _isEndAsked |= asksToEnd;
            if (_isCommandGone)
            {
                if (asksToEnd)
                {
                    EndRest();
                }
            }
            else if (signal is not (SignalNumber.Interrupt or SignalNumber.Quit) || !SpawnedProcess.IsInForeground())
            {
                // The terminal sends its signals to the whole foreground group; twice would be "at once" to many programs.
                SpawnedProcess.Signal(_command, signal);
            }
        }
    }

    // Inside the lock, after the command's own end: a shell lives on after Ctrl-C and is not hurried.
    private void EndRest()
    {
        SignalChildren(SignalNumber.Terminate);
        _killTimer ??= _time.CreateTimer(_ => KillRest(), null, Patience, Timeout.InfiniteTimeSpan);
    }

    private void KillRest()
    {
        lock (_gate)
        {
            _isKilling = true;
            SignalChildren(SignalNumber.Kill);
        }
    }

    private void WaitForAll()
    {
        while (SpawnedProcess.Wait(-1, out var exitCode) is > 0 and var ended)
        {
            lock (_gate)
            {
                if (ended == _command)
                {
                    _isCommandGone = true;
                    _commandEnd.TrySetResult(exitCode);
                    if (_isEndAsked)
                    {
                        EndRest();
                    }
                }
                else if (_isKilling)
                {
                    // Its children are ours now.
                    SignalChildren(SignalNumber.Kill);
                }
            }
        }

        _commandEnd.TrySetResult(0);
        _lastEnd.TrySetResult();
    }

    private static void SignalChildren(SignalNumber signal)
    {
        foreach (var child in Children())
        {
            SpawnedProcess.Signal(child, signal);
        }
    }

    private static List<int> Children()
    {
        var children = new List<int>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var process) && ParentOf(process) == Environment.ProcessId)
            {
                children.Add(process);
            }
        }

        return children;
    }

    private static int ParentOf(int process)
    {
        try
        {
            // pid (name) state ppid ...; the name may hold anything, a parenthesis included (proc_pid_stat(5)).
            var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return int.Parse(fields[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // It ended meanwhile.
            return 0;
        }
    }
}
