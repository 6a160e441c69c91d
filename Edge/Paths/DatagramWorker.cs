using Microsoft.Extensions.Logging;
using OrleansUem.Edge.Sessions;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Paths;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;
using OrleansUem.Transport.Datagrams;

namespace OrleansUem.Edge.Paths;

/// <summary>
/// One receive thread: reads what its sockets have, forwards it, sends what was gathered, waits. A datagram of a stranger costs a look into a table and a counter; it is not answered, not logged
/// and leaves nothing behind.
/// </summary>
internal sealed partial class DatagramWorker : IDisposable
{
    /// <summary>Receive calls on one socket before another's turn and before what was gathered is sent. Arbitrary: small packets of 64 senders are one turn.</summary>
    private const int ReceivesPerTurn = 64;

    /// <summary>At most one fault of ours is logged in this time: a datagram that causes one may come a million times.</summary>
    private static readonly TimeSpan FaultLogInterval = TimeSpan.FromSeconds(10);

    private readonly EdgeServer _server;
    private readonly UdpListener[] _listeners;
    private readonly UdpBatchSocket[] _sockets;
    private readonly uint[] _kernelDrops;
    private readonly DatagramWaiter _waiter = new();
    private readonly DatagramOutbox _outbox;
    private readonly SessionCounters _counters = new();
    private readonly byte[] _ack = new byte[PathLimits.DatagramBytesMax];
    private readonly Thread _thread;
    private TimeSpan? _faultAt;
    private volatile bool _isStopping;

    public DatagramWorker(EdgeServer server, UdpListener[] listeners, int number)
    {
        _server = server;
        _listeners = listeners;
        _sockets = [.. listeners.Select(listener => listener.Socket(number))];
        _kernelDrops = new uint[listeners.Length];
        _outbox = new DatagramOutbox(number);
        server.Metrics.Add(_counters);
        _thread = new Thread(Run) { IsBackground = true, Name = $"udp {number}" };
        _thread.Start();
    }

    /// <summary>Ends the thread and waits for it.</summary>
    public void Dispose()
    {
        _isStopping = true;
        _waiter.Wake();
        _thread.Join();
        _waiter.Dispose();
        _server.Metrics.Remove(_counters);
    }

    private void Run()
    {
        while (!_isStopping)
        {
            var ready = _waiter.Wait(_sockets, Timeout.InfiniteTimeSpan);
            try
            {
                // What goes to TCP peers wakes their write loops once, at the end.
                using var wakes = WakeBatch.Begin();
                for (var i = 0; i < _sockets.Length && ready != 0; i++)
                {
                    if ((ready & (1UL << i)) != 0)
                    {
                        Read(i);
                    }
                }

                _outbox.Flush();
            }
            catch (Exception e)
            {
                // A fault of ours: it costs the frames at hand, not the thread that all sessions live on.
                LogFault(e);
            }
        }
    }

    private void Read(int index)
    {
        for (var i = 0; i < ReceivesPerTurn; i++)
        {
            if (!_outbox.HasRoom)
            {
                _outbox.Flush();
            }

            if (_sockets[index].TryReceive(_outbox.Room, out var received) != ReceiveOutcome.Received)
            {
                return;
            }

            CountKernelDrops(index, received.DropsSoFar);
            Take(_listeners[index], received);
        }
    }

    private void Take(UdpListener listener, in ReceivedDatagrams received)
    {
        var path = _server.Paths.Find(received.From);
        var start = _outbox.RoomOffset;
        var buffer = _outbox.Keep(received.Bytes);
        path?.Session.LookAhead(buffer, received.SegmentBytes);
        for (var offset = 0; offset < received.Bytes; offset += received.SegmentBytes)
        {
            var datagram = buffer.Slice(offset, Math.Min(received.SegmentBytes, received.Bytes - offset));
            if (PathDatagram.IsPathDatagram(datagram[0]))
            {
                OnProbe(listener, received, datagram);

                // It may have made the address a session's.
                path ??= _server.Paths.Find(received.From);
            }
            else if (path is null)
            {
                _counters.Dropped(DropReason.UnknownAddress);
            }
            else
            {
                path.Session.OnDatagram(_outbox, datagram, start + offset);
            }
        }

        if (received.Bytes == 0)
        {
            _counters.Dropped(DropReason.MalformedDatagram);
        }
    }

    private void OnProbe(UdpListener listener, in ReceivedDatagrams received, ReadOnlySpan<byte> datagram)
    {
        var drop = DropReason.MalformedDatagram;
        if (PathDatagram.TryRead(datagram, out var probe) && probe.Type == PathDatagramType.Probe)
        {
            drop = _server.Paths.Find(probe.PathId) is { } path
                ? path.OnProbe(datagram, received.From, received.To, listener, _server.Now, _ack)
                : DropReason.UnknownPath;
        }

        if (drop == DropReason.Unspecified)
        {
            var result = listener.Socket(_outbox.Thread).Send(
                _ack, [new BufferSlice(0, probe.Bytes)], probe.Bytes, received.From, listener.TellsOwnAddress ? received.To : null);
            drop = result.Reason;
        }

        if (drop != DropReason.Unspecified)
        {
            _counters.Dropped(drop);
        }
    }

    private void CountKernelDrops(int index, uint dropsSoFar)
    {
        if (dropsSoFar != 0 && dropsSoFar != _kernelDrops[index])
        {
            _counters.Dropped(DropReason.ReceiveQueueFull, dropsSoFar - _kernelDrops[index]);
            _kernelDrops[index] = dropsSoFar;
        }
    }

    private void LogFault(Exception exception)
    {
        var now = _server.Now;
        if (_faultAt is null || now - _faultAt >= FaultLogInterval)
        {
            _faultAt = now;
            LogWorkerFault(_server.Logger, exception);
        }
    }

    [LoggerMessage(1060, LogLevel.Error, "Forwarding datagrams failed")]
    private static partial void LogWorkerFault(ILogger logger, Exception exception);
}
