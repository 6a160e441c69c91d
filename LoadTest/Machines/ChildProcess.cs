using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using OrleansUem.Agent.Native;

namespace OrleansUem.LoadTest.Machines;

/// <summary>
/// A program that a test or measurement starts, optionally inside a <see cref="NetNamespace"/>. Its lines are kept in order; callers wait for
/// one with a bounded timeout that names the phase. Dispose kills it and waits until it is gone.
/// </summary>
public sealed class ChildProcess : IAsyncDisposable
{
    /// <summary>The oldest lines beyond it are dropped: a talkative program must not grow this process.</summary>
    private const int LinesMax = 10_000;

    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly List<ProcessLine> _lines = [];
    private readonly Process _process;
    private TaskCompletionSource _changed = NewSignal();
    private int _droppedLines;
    private bool _hasEnded;

    private ChildProcess(Process process, string name)
    {
        _process = process;
        Name = name;
    }

    /// <summary>For messages.</summary>
    public string Name { get; }

    public int ProcessId => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>A snapshot of the kept lines of both streams, oldest first.</summary>
    public IReadOnlyList<ProcessLine> Lines
    {
        get
        {
            lock (_lock)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>Lines so far, dropped ones included: a moment to begin from.</summary>
    public int LineCount
    {
        get
        {
            lock (_lock)
            {
                return _droppedLines + _lines.Count;
            }
        }
    }

    /// <summary>A snapshot of the kept lines that came after a moment.</summary>
    /// <param name="count">A <see cref="LineCount"/>.</param>
    public IReadOnlyList<ProcessLine> LinesSince(int count)
    {
        lock (_lock)
        {
            return [.. _lines.Skip(count - _droppedLines)];
        }
    }

    /// <summary>Starts a program; arguments are a list and pass no shell.</summary>
    /// <param name="network">Null for this process's own network.</param>
    /// <param name="fileName">A path or a name on PATH.</param>
    /// <param name="arguments">One each.</param>
    /// <param name="environment">Added to this process's environment.</param>
    /// <param name="input">What it reads from standard input, secrets for example; then the input ends.</param>
    public static ChildProcess Start(
        NetNamespace? network,
        string fileName,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        string? input = null)
    {
        string path = fileName.Contains('/', StringComparison.Ordinal)
            ? fileName
            : CommandPath.Find(fileName) ?? throw new FileNotFoundException($"The command {fileName} is not installed.");

        // 'ip netns exec' replaces itself by the program, so the process id is the program's.
        string[] command = network is null ? [path, .. arguments] : ["ip", "netns", "exec", network.Name, path, .. arguments];
        ProcessStartInfo start = new(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string key, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        Process process = new() { StartInfo = start };
        ChildProcess started = new(process, string.Join(' ', command));
        process.OutputDataReceived += (_, e) => started.Add(e.Data, isError: false);
        process.ErrorDataReceived += (_, e) => started.Add(e.Data, isError: true);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _ = started.WatchEndAsync();
        started.Feed(input);
        return started;
    }

    /// <summary>Runs a program to its end.</summary>
    public static Task<CommandResult> RunAsync(
        NetNamespace? network, string phase, TimeSpan? timeout, string fileName, params string[] arguments) =>
        RunAsync(network, phase, timeout, [fileName, .. arguments], input: null, CancellationToken.None);

    /// <summary>Runs a program to its end; it is killed when the time is over or the wait cancelled.</summary>
    public static async Task<CommandResult> RunAsync(
        NetNamespace? network, string phase, TimeSpan? timeout, IReadOnlyList<string> command, string? input, CancellationToken cancellationToken)
    {
        await using ChildProcess process = Start(network, command[0], command.Skip(1), input: input);
        int exitCode = await process.WaitForExitAsync(phase, timeout, cancellationToken);
        return new CommandResult(process.Name, exitCode, process.Text(isError: false), process.Text(isError: true));
    }

    /// <summary>Waits for a line of either stream, those that came before the call included.</summary>
    /// <param name="phase">What is being waited for, as it should read in the failure.</param>
    /// <param name="matches">Sees each line once.</param>
    /// <param name="timeout">A safety limit, default 30 s.</param>
    /// <param name="from">A <see cref="LineCount"/>: lines before it are not looked at.</param>
    /// <param name="cancellationToken">Gives up waiting; the program runs on.</param>
    public async Task<string> WaitForLineAsync(
        string phase, Func<string, bool> matches, TimeSpan? timeout = null, int from = 0, CancellationToken cancellationToken = default)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout ?? DefaultTimeout);
        int next = from;
        while (true)
        {
            Task changed;
            bool hasEnded;
            lock (_lock)
            {
                for (next = Math.Max(next, _droppedLines); next < _droppedLines + _lines.Count; next++)
                {
                    if (matches(_lines[next - _droppedLines].Text))
                    {
                        return _lines[next - _droppedLines].Text;
                    }
                }

                changed = _changed.Task;
                hasEnded = _hasEnded;
            }

            if (hasEnded)
            {
                throw new InvalidOperationException($"{phase}: '{Name}' ended with {_process.ExitCode} before.\n{Tail()}");
            }

            try
            {
                await changed.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException($"{phase}: '{Name}' did not write the line in time.\n{Tail()}");
            }
        }
    }

    /// <summary>Waits until the program has ended and all its output is read.</summary>
    public async Task<int> WaitForExitAsync(string phase, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout ?? DefaultTimeout);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{phase}: '{Name}' did not end in time.\n{Tail()}");
        }
    }

    /// <summary>Asks to end, as Ctrl-C does.</summary>
    public void Interrupt() => Signal(PosixSignalNumber.Interrupt);

    /// <summary>SIGQUIT: for PostgreSQL an immediate shutdown.</summary>
    public void Quit() => Signal(PosixSignalNumber.Quit);

    public void Terminate() => Signal(PosixSignalNumber.Terminate);

    /// <summary>As kill -9: the program gets no chance to clean up.</summary>
    public void Kill() => Signal(PosixSignalNumber.Kill);

    /// <summary>Stops the program's threads, as a machine that hangs; <see cref="Resume"/> undoes it.</summary>
    public void Freeze() => Signal(PosixSignalNumber.Stop);

    public void Resume() => Signal(PosixSignalNumber.Continue);

    /// <summary>The last lines, for failure messages.</summary>
    public string Tail(int lines = 40) => string.Join('\n', Lines.TakeLast(lines).Select(line => $"  {(line.IsError ? "2" : "1")}> {line.Text}"));

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            try
            {
                _process.Kill(entireProcessTree: true);
            }
            catch (Exception e) when (e is InvalidOperationException or Win32Exception)
            {
                // It ended between the check and the kill.
            }

            await WaitForExitAsync("killing at the end");
        }

        _process.Dispose();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Signal(PosixSignalNumber signal)
    {
        // The process is our child and not yet reaped while HasExited is false, so the id cannot be someone else's.
        if (!_process.HasExited && Libc.Kill(_process.Id, (int)signal) != 0)
        {
            throw new InvalidOperationException($"Sending {signal} to '{Name}' failed: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    private void Feed(string? input)
    {
        try
        {
            _process.StandardInput.Write(input);
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading; its exit code and lines say why.
        }
    }

    private string Text(bool isError) => string.Join('\n', Lines.Where(line => line.IsError == isError).Select(line => line.Text));

    private void Add(string? text, bool isError)
    {
        if (text is null)
        {
            return;
        }

        lock (_lock)
        {
            if (_lines.Count == LinesMax)
            {
                _lines.RemoveRange(0, LinesMax / 2);
                _droppedLines += LinesMax / 2;
            }

            _lines.Add(new ProcessLine(text, isError));
        }

        Announce();
    }

    private async Task WatchEndAsync()
    {
        await _process.WaitForExitAsync();
        lock (_lock)
        {
            _hasEnded = true;
        }

        Announce();
    }

    private void Announce()
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            changed = _changed;
            _changed = NewSignal();
        }

        changed.SetResult();
    }

    // Numbers of x86 and ARM (signal(7)).
    private enum PosixSignalNumber
    {
        Interrupt = 2,
        Quit = 3,
        Kill = 9,
        Terminate = 15,
        Continue = 18,
        Stop = 19,
    }
}
