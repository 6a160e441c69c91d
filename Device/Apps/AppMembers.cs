using System.Net.Sockets;
using System.Text;
using OrleansUem.Agent.Apps;
using OrleansUem.Device.Control;

namespace OrleansUem.Device.Apps;

/// <summary>
/// Lets the apps of a named set into the tunnel and knows which are there. Each is a connection of <see cref="AppJoin"/>, which closes with the app's last process; the agent
/// closes it when there is no tunnel any more, after the word "end" when the app is to end too. Any thread.
/// </summary>
internal sealed class AppMembers(AppNames names, TimeProvider time, Action<DeviceStatus> onStatus) : IDisposable
{
    /// <summary>Apps in the tunnel and waiting for it. Arbitrary: far more than a person or a machine's services start.</summary>
    public const int Max = 256;

    private const string Ending = "The running uem device up --apps is ending: start it again, then the app.";

    private readonly Lock _gate = new();
    private readonly Dictionary<Socket, RunningAppReport?> _members = [];
    private TaskCompletionSource _up = NewSource();
    private TaskCompletionSource? _left;
    private bool _isEnding;

    /// <summary>What is handed out; set before the control socket listens.</summary>
    public AppEntrance? Entrance { get; set; }

    /// <summary>The set and who is in.</summary>
    public AppSetReport Report
    {
        get
        {
            lock (_gate)
            {
                return new AppSetReport(names.Programs, [.. _members.Values.OfType<RunningAppReport>().OrderBy(app => app.Since).ThenBy(app => app.ProcessId)]);
            }
        }
    }

    /// <summary>A step of the agent: apps are let in while packets pass, or would at once.</summary>
    public void OnStatus(DeviceStatus status)
    {
        lock (_gate)
        {
            if (status.Kind is DeviceStatusKind.Up or DeviceStatusKind.Asleep)
            {
                _up.TrySetResult();
            }
            else if (status.Kind is DeviceStatusKind.Detached or DeviceStatusKind.TunnelClosed && _up.Task.IsCompleted)
            {
                _up = NewSource();
            }
        }
    }

    /// <summary>Lets an app in, now or when there is a tunnel, or says why not.</summary>
    /// <param name="asker">The connection; this object's from here on.</param>
    /// <param name="program">As the asker names it.</param>
    public async Task AdmitAsync(Socket asker, string program)
    {
        try
        {
            if (FindObstacle(asker, program, out var processId) is { } obstacle)
            {
                await RefuseAsync(asker, obstacle);
                return;
            }

            var gone = WaitForEndAsync(asker);
            if (await WaitForTunnelAsync(asker, gone) && TryEnter(asker, new RunningAppReport(program, processId, time.GetUtcNow())))
            {
                onStatus(new DeviceStatus(DeviceStatusKind.AppJoined, $"{program} is in the tunnel (process {processId})"));
                await gone;
                onStatus(new DeviceStatus(DeviceStatusKind.AppLeft, $"{program} has ended (process {processId})"));
            }
        }
        finally
        {
            Remove(asker);
        }
    }

    /// <summary>Answers one who can't be let in, and closes.</summary>
    /// <param name="asker">The connection; disposed.</param>
    /// <param name="why">One line for the person who started the app.</param>
    public static async Task RefuseAsync(Socket asker, string why)
    {
        try
        {
            await asker.SendAsync(Encoding.UTF8.GetBytes(why + "\n"));
        }
        catch (SocketException)
        {
            // It went away: it needs no answer.
        }

        asker.Dispose();
    }

    /// <summary>Asks all apps to end; lets none in any more.</summary>
    /// <param name="limit">How long they have.</param>
    /// <returns>Completes when all have ended, or after the limit.</returns>
    public async Task EndAsync(TimeSpan limit)
    {
        Task left;
        lock (_gate)
        {
            _isEnding = true;
            _left = NewSource();
            left = _left.Task;
            foreach (var (member, app) in _members)
            {
                Tell(member, app is null ? Encoding.UTF8.GetBytes(Ending + "\n") : ControlSocket.EndWord);
            }

            if (_members.Count == 0)
            {
                _left.SetResult();
            }
        }

        using var limited = new CancellationTokenSource(limit, time);
        await left.WaitAsync(limited.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Closes all connections: what still runs has no network any more.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isEnding = true;
            foreach (var member in _members.Keys)
            {
                member.Dispose();
            }
        }
    }

    // Registers the asker when there is none.
    private string? FindObstacle(Socket asker, string program, out int processId)
    {
        if (!PeerUser.IsOwner(asker, out processId))
        {
            return "The tunnel belongs to another user, and only that user's apps get into it: runuser -u USER -- uem device run ...";
        }

        if (!names.Contains(program))
        {
            return $"{program} is none of the apps of the running uem device up --apps: {string.Join(' ', names.Programs)}";
        }

        lock (_gate)
        {
            if (_isEnding)
            {
                return Ending;
            }

            return _members.Count == Max
                ? $"There are {Max} apps in the tunnel of the running uem device up --apps already, and no more fit."
                : _members.TryAdd(asker, null) ? null : throw new InvalidOperationException("One connection, one app.");
        }
    }

    private async Task<bool> WaitForTunnelAsync(Socket asker, Task gone)
    {
        while (true)
        {
            Task up;
            lock (_gate)
            {
                up = _up.Task;
            }

            if (await Task.WhenAny(up, gone) == gone)
            {
                return false;
            }

            lock (_gate)
            {
                if (_up.Task.IsCompleted)
                {
                    return _members.ContainsKey(asker);
                }
            }
        }
    }

    private bool TryEnter(Socket asker, RunningAppReport app)
    {
        lock (_gate)
        {
            if (_isEnding)
            {
                return false;
            }

            try
            {
                Entrance!.SendTo(asker);
                _members[asker] = app;
                return true;
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // The asker is gone.
                return false;
            }
        }
    }

    // A member says nothing: whatever comes is its end.
    private static async Task WaitForEndAsync(Socket asker)
    {
        try
        {
            await asker.ReceiveAsync(new byte[1]);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // An end as well.
        }
    }

    // Inside the lock. One word into an empty queue does not block.
    private static void Tell(Socket member, byte[] words)
    {
        try
        {
            member.Send(words);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It ended at this moment.
        }
    }

    private void Remove(Socket asker)
    {
        asker.Dispose();
        lock (_gate)
        {
            _members.Remove(asker);
            if (_members.Count == 0)
            {
                _left?.TrySetResult();
            }
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
