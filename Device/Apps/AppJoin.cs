using System.Net.Sockets;
using System.Text;
using OrleansUem.Agent.Apps;
using OrleansUem.Agent.Identity;
using OrleansUem.Device.Control;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device.Apps;

/// <summary>One command in the tunnel of a running <see cref="AppSet"/>: asks it over the control socket for the way in, and starts the command there, as a child of this process.</summary>
public sealed class AppJoin : IDisposable
{
    /// <summary>With the pause 5 s: an agent listens some tenths of a second after it took the directory, and this machine may be busy.</summary>
    internal const int TriesMax = 50;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Socket _agent;

    private AppJoin(Socket agent) => _agent = agent;

    /// <summary>Finds the agent of a state directory; one that is starting is waited for.</summary>
    /// <param name="stateDirectory">Its directory.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null: none is running.</returns>
    /// <exception cref="AgentStateException">The directory can't be used.</exception>
    public static async Task<AppJoin?> FindAsync(string stateDirectory, TimeProvider time, CancellationToken cancellationToken)
    {
        AgentState.RequireReadable(stateDirectory);
        var path = ControlSocket.PathIn(stateDirectory);
        for (var tries = 1; ; tries++)
        {
            if (await ControlSocket.TryConnectAsync(path, cancellationToken) is { } agent)
            {
                return new AppJoin(agent);
            }

            if (tries == TriesMax || !AgentState.IsInUse(stateDirectory))
            {
                return null;
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    /// <summary>Runs the command to its end. Takes over this process's signals and waits for all its children: once in a process.</summary>
    /// <param name="options">Settings; those of the tunnel are the running agent's.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onStatus">Gets each step; <see cref="DeviceStatusKind.AppStarted"/> when the command's own output begins.</param>
    /// <returns>The command's exit status, or 128 and the number of the signal that ended it or the wait for the tunnel.</returns>
    /// <exception cref="DeviceFatalException">The command was not started; the text says what to do.</exception>
    public async Task<int> RunAsync(AppRunOptions options, TimeProvider time, Action<DeviceStatus> onStatus)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(onStatus);
        using var signals = new StartSignals();
        onStatus(new DeviceStatus(DeviceStatusKind.Opening, "Joining the running uem device up --apps"));
        var asked = Task.Run(() => Ask(options));
        if (await Task.WhenAny(asked, signals.First) != asked)
        {
            // Ends the wait of the other thread, too.
            _agent.Shutdown(SocketShutdown.Both);
        }

        var (entrance, text) = await asked;
        using (entrance)
        {
            return signals.First.IsCompleted ? 128 + await signals.First
                : entrance is not null ? await RunAsync(entrance, options, time, onStatus)
                : throw new DeviceFatalException(Reason.BadRequest, await ExplainAsync(text, options, time));
        }
    }

    public void Dispose() => _agent.Dispose();

    private (AppEntrance? Entrance, string Text) Ask(AppRunOptions options)
    {
        try
        {
            _agent.Send(Encoding.UTF8.GetBytes($"{ControlSocket.Join}{AppNames.Canonical(options.Command[0])}\n"));
            return (AppEntrance.ReceiveFrom(_agent, options.TunnelTimeout, out var text), text);
        }
        catch (SocketException e)
        {
            // The agent ended at this moment.
            return (null, e.Message);
        }
    }

    private async Task<int> RunAsync(AppEntrance entrance, AppRunOptions options, TimeProvider time, Action<DeviceStatus> onStatus)
    {
        var started = new TaskCompletionSource<AppProcesses>(TaskCreationOptions.RunContinuationsAsynchronously);
        return await AppCommand.RunAsync(entrance.Namespaces, options.Command, started.SetResult, FollowAsync(), time, onStatus);

        async Task<string> FollowAsync()
        {
            try
            {
                while (await _agent.ReceiveAsync(new byte[ControlSocket.EndWord.Length]) > 0)
                {
                    (await started.Task).Stop();
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // It was killed, or we are done.
            }

            return "The uem device up --apps that it belongs to has ended.";
        }
    }

    // Silence is a tunnel that does not come: the agent knows why.
    private static async Task<string> ExplainAsync(string text, AppRunOptions options, TimeProvider time)
    {
        if (text.Length > 0 && text != AppEntrance.NoAnswer)
        {
            return text;
        }

        var standing = await DeviceControl.AskAsync(options.Device.StateDirectory, time, CancellationToken.None);
        return standing.Report is { } report
            ? $"There is no tunnel after {options.TunnelTimeout.TotalSeconds:0} s, so the command was not started. {report.LastEnd?.Text}".TrimEnd()
            : "The running agent ended at this moment, so the command was not started.";
    }
}
