using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device.Names;

/// <summary>
/// A name server for this machine alone, on a loopback address, UDP and TCP. It forwards each question as it is to the servers that <see cref="NameRoutes"/> names, gives the answer back as it
/// is, keeps nothing, and answers SERVFAIL when no server did. Bounded: <see cref="QuestionsMax"/> questions and <see cref="ConnectionsMax"/> connections at a time.
/// </summary>
internal sealed partial class StubForwarder : IAsyncDisposable
{
    /// <summary>Questions over UDP that wait for an answer; further ones are dropped, and asked again by who asked. A browser's start asks a hundred.</summary>
    public const int QuestionsMax = 512;

    /// <summary>TCP connections at a time; further ones are closed at once.</summary>
    public const int ConnectionsMax = 64;

    // RFC 7766 §6.2.3 leaves the idle time to the server; clients here send at once, and read.
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Socket _datagrams;
    private readonly Socket _listener;
    private readonly NameServerClient _tunnel;
    private readonly NameServerClient _machine;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _ends;
    private NameRoutes _routes;
    private int _questions;
    private int _connections;

    private StubForwarder(Socket datagrams, Socket listener, NameRoutes routes, TimeProvider time, ILogger logger)
    {
        (_datagrams, _listener, _routes, _time, _logger) = (datagrams, listener, routes, time, logger);
        (_tunnel, _machine) = (new NameServerClient(time), new NameServerClient(time));
        _ends = Task.WhenAll(ReceiveAsync(), AcceptAsync());
    }

    /// <summary>What was dropped.</summary>
    public DropCounters Drops { get; } = new();

    /// <summary>Where it listens.</summary>
    public IPEndPoint Address => (IPEndPoint)_datagrams.LocalEndPoint!;

    /// <summary>Who is asked from now on.</summary>
    public NameRoutes Routes
    {
        get => Volatile.Read(ref _routes);
        set => Volatile.Write(ref _routes, value);
    }

    /// <summary>Listens.</summary>
    /// <param name="address">A loopback address; port 0 for any that is free.</param>
    /// <param name="routes">Who is asked.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For faults of sockets.</param>
    /// <exception cref="SocketException">The port is taken, or this process may not take it.</exception>
    public static StubForwarder Open(IPEndPoint address, NameRoutes routes, TimeProvider time, ILogger logger)
    {
        var datagrams = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            datagrams.Bind(address);
            listener.Bind(datagrams.LocalEndPoint!);
            listener.Listen(ConnectionsMax);
            return new StubForwarder(datagrams, listener, routes, time, logger);
        }
        catch
        {
            datagrams.Dispose();
            listener.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _datagrams.Dispose();
        _listener.Dispose();
        await _ends;
        _stop.Dispose();
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[ushort.MaxValue];
        var any = new IPEndPoint(IPAddress.Any, 0);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var received = await _datagrams.ReceiveFromAsync(buffer, any, _stop.Token);
                if (Interlocked.Increment(ref _questions) > QuestionsMax)
                {
                    Interlocked.Decrement(ref _questions);
                    Drops.Add(DropReason.QueueFull);
                }
                else
                {
                    _ = AnswerDatagramAsync(buffer.AsSpan(0, received.ReceivedBytes).ToArray(), received.RemoteEndPoint);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                // An answer that found nobody is reported on the next receive; anything that stays must not spin.
                LogFault(_logger, e.Message);
                await Task.Delay(Pause, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task AnswerDatagramAsync(byte[] question, EndPoint asker)
    {
        try
        {
            if (await AnswerAsync(question, isTcp: false, _stop.Token) is { } answer)
            {
                await _datagrams.SendToAsync(answer, asker, _stop.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // It ends.
        }
        catch (SocketException)
        {
            Drops.Add(DropReason.SendRefused);
        }
        finally
        {
            Interlocked.Decrement(ref _questions);
        }
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var connection = await _listener.AcceptAsync(_stop.Token);
                if (Interlocked.Increment(ref _connections) > ConnectionsMax)
                {
                    Drops.Add(DropReason.QueueFull);
                    Leave(connection);
                }
                else
                {
                    _ = ServeAsync(connection);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                LogFault(_logger, e.Message);
                await Task.Delay(Pause, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // One question after the other (RFC 7766 §6.2.1.1 allows more at a time, and needs it nowhere).
    private async Task ServeAsync(Socket connection)
    {
        try
        {
            while (true)
            {
                if (await WithinAsync(limit => DnsStream.ReadAsync(connection, limit)) is not { } question
                    || await AnswerAsync(question, isTcp: true, _stop.Token) is not { } answer)
                {
                    return;
                }

                // Who asks and does not read must not hold a connection either.
                await WithinAsync(async limit =>
                {
                    await DnsStream.WriteAsync(connection, answer, limit);
                    return true;
                });
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // Silent for too long, gone, or we end.
        }
        finally
        {
            Leave(connection);
        }
    }

    private async Task<T> WithinAsync<T>(Func<CancellationToken, Task<T>> step)
    {
        using var limit = new CancellationTokenSource(IdleTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, limit.Token);
        return await step(either.Token);
    }

    private void Leave(Socket connection)
    {
        connection.Dispose();
        Interlocked.Decrement(ref _connections);
    }

    /// <returns>The answer; null: it was no question.</returns>
    private async Task<byte[]?> AnswerAsync(byte[] question, bool isTcp, CancellationToken cancellationToken)
    {
        if (!TryReadRoute(question, out var isWork, out var end))
        {
            Drops.Add(DropReason.MalformedDatagram);
            return null;
        }

        var routes = Routes;
        if (isWork && routes.Tunnel.Count == 0)
        {
            Drops.Add(DropReason.NoTunnel);
        }

        return await (isWork ? _tunnel : _machine).AskAsync(isWork ? routes.Tunnel : routes.Machine, question, end, isTcp, cancellationToken)
            ?? DnsMessage.MakeFailure(question, end, DnsMessage.ServerFailure);
    }

    private bool TryReadRoute(byte[] question, out bool isWork, out int end)
    {
        Span<char> name = stackalloc char[DnsMessage.NameCharactersMax];
        var isQuestion = DnsMessage.TryReadQuestion(question, name, out var characters, out end);
        isWork = isQuestion && Routes.Work.Contains(name[..characters]);
        return isQuestion;
    }

    [LoggerMessage(EventId = 6401, Level = LogLevel.Debug, Message = "Name stub: {Text}")]
    private static partial void LogFault(ILogger logger, string text);
}
