using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device.Control;

/// <summary>Answers on <see cref="ControlSocket"/> while an agent runs. The caller holds the directory's lock, so an older socket is nobody's.</summary>
internal sealed partial class ControlServer : IAsyncDisposable
{
    /// <summary>Askers at a time; further ones are closed at once. Arbitrary: a person, a monitor, and room.</summary>
    private const int AskersMax = 16;

    // An asker of ours writes its line when it connects.
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(5);

    // After the kernel gave no connection: a loop without it would take a whole core.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly Socket _listener;
    private readonly ControlTargets _targets;
    private readonly ControlWaiters _waiters;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private int _askers;

    private ControlServer(string path, Socket listener, ControlTargets targets, ControlWaiters waiters, TimeProvider time, ILogger logger)
    {
        (_path, _listener, _targets, _waiters, _time, _logger) = (path, listener, targets, waiters, time, logger);
        _accepting = AcceptAsync();
    }

    /// <summary>Listens.</summary>
    /// <param name="stateDirectory">Where the socket is made.</param>
    /// <param name="targets">What is asked for.</param>
    /// <param name="waiters">Gets the askers of "down", who wait for the end.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For refusals.</param>
    /// <exception cref="DeviceFatalException">It can't be made.</exception>
    public static ControlServer Start(string stateDirectory, ControlTargets targets, ControlWaiters waiters, TimeProvider time, ILogger logger)
    {
        var path = ControlSocket.PathIn(stateDirectory);
        var listener = ControlSocket.Create();
        try
        {
            // Under its name only when it answers: "status" takes a socket that does not for a killed agent's.
            var made = path + ControlSocket.NewSuffix;
            File.Delete(made);
            listener.Bind(ControlSocket.EndPoint(made));
            if (!OperatingSystem.IsWindows())
            {
                // Nobody else passes the directory (0700) before this.
                File.SetUnixFileMode(made, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            listener.Listen(AskersMax);
            File.Move(made, path, overwrite: true);
            return new ControlServer(path, listener, targets, waiters, time, logger);
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException)
        {
            listener.Dispose();
            throw new DeviceFatalException(Reason.InternalError, $"The control socket {path} can't be made: {e.Message}", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
        try
        {
            File.Delete(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // An operating failure: the next start, or status, takes it away.
            LogFault(_logger, e.Message);
        }
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket asker;
            try
            {
                asker = await _listener.AcceptAsync(_stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                // Descriptors ran out, or the asker was gone already.
                LogFault(_logger, e.Message);
                await Task.Delay(Pause, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            if (Interlocked.Increment(ref _askers) > AskersMax)
            {
                Leave(asker);
            }
            else
            {
                _ = AnswerAsync(asker);
            }
        }
    }

    private async Task AnswerAsync(Socket asker)
    {
        try
        {
            if (!PeerUser.IsOwnerOrRoot(asker))
            {
                LogStranger(_logger);
                return;
            }

            using var limit = new CancellationTokenSource(RequestTimeout, _time);
            switch (await ReadAsync(asker, limit.Token))
            {
                case ControlSocket.Status:
                    await SendAsync(asker, JsonSerializer.SerializeToUtf8Bytes(_targets.Report(), ControlSocket.Json), limit.Token);
                    break;
                case ControlSocket.Down when _waiters.TryAdd(asker):
                    Interlocked.Decrement(ref _askers);
                    asker = null!;
                    _targets.End();
                    break;
                case var join when join.StartsWith(ControlSocket.Join, StringComparison.Ordinal):
                    Interlocked.Decrement(ref _askers);
                    var app = asker;
                    asker = null!;
                    await _targets.JoinAsync(app, join[ControlSocket.Join.Length..]);
                    break;
                default:
                    break;
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or IOException)
        {
            // The asker went away or said nothing.
            LogFault(_logger, e.Message);
        }
        finally
        {
            if (asker is not null)
            {
                Leave(asker);
            }
        }
    }

    private void Leave(Socket asker)
    {
        asker.Dispose();
        Interlocked.Decrement(ref _askers);
    }

    private static async Task<string> ReadAsync(Socket asker, CancellationToken cancellationToken)
    {
        var buffer = new byte[ControlSocket.RequestBytesMax];
        for (var used = 0; used < buffer.Length;)
        {
            var read = await asker.ReceiveAsync(buffer.AsMemory(used), cancellationToken);
            var end = buffer.AsSpan(used, read).IndexOf((byte)'\n');
            used += read;
            if (end >= 0)
            {
                return Encoding.UTF8.GetString(buffer, 0, used - read + end);
            }

            if (read == 0)
            {
                break;
            }
        }

        return "";
    }

    private static async Task SendAsync(Socket asker, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await asker.SendAsync(bytes, cancellationToken)..];
        }
    }

    [LoggerMessage(EventId = 6301, Level = LogLevel.Warning, Message = "Another user spoke to the control socket and was refused")]
    private static partial void LogStranger(ILogger logger);

    [LoggerMessage(EventId = 6302, Level = LogLevel.Debug, Message = "Control socket: {Text}")]
    private static partial void LogFault(ILogger logger, string text);
}
