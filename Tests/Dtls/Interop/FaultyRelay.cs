using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace OrleansUem.Tests.Dtls.Interop;

/// <summary>
/// A UDP relay on loopback between one client and one server that loses, repeats and reorders. Chance comes from the seed: the same sequence of datagrams in a direction meets the same faults. No timers: a datagram that is
/// held waits for the next one, so what is late to an end is what its peer sends again.
/// </summary>
internal sealed class FaultyRelay : IAsyncDisposable
{
    /// <summary>The content type that a datagram with data begins with.</summary>
    private const byte ApplicationData = 23;

    private readonly long _origin = TimeProvider.System.GetTimestamp();
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _near = NewSocket();
    private readonly Socket _far = NewSocket();
    private readonly Direction _toServer;
    private readonly Direction _toClient;
    private readonly ConcurrentQueue<string> _trace = new();
    private readonly Task _running;
    private volatile EndPoint? _client;

    public FaultyRelay(IPEndPoint server, int seed, DatagramFaults faults)
    {
        _far.Connect(server);
        _toServer = new Direction(new Random(seed), faults, (datagram, note) => Pass(">", datagram, note, () => _far.Send(datagram)));
        _toClient = new Direction(new Random(seed + 1), faults, (datagram, note) => Pass("<", datagram, note, () => _near.SendTo(datagram, _client!)));
        _running = Task.WhenAll(PassAsync(_near, _toServer), PassAsync(_far, _toClient));
    }

    /// <summary>Where the client sends to.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_near.LocalEndPoint!;

    /// <summary>Datagrams lost, repeated and held, both directions.</summary>
    public int FaultCount => _toServer.FaultCount + _toClient.FaultCount;

    /// <summary>What passed and what became of it, oldest first: seconds, direction, content type and epoch of each record.</summary>
    public string Trace => string.Join('\n', _trace);

    /// <summary>Changes both directions and lets go what they hold.</summary>
    /// <param name="faults">From now on.</param>
    /// <param name="keepsPassed">Whether <see cref="Replay"/> goes further back than to here.</param>
    public void Set(DatagramFaults faults, bool keepsPassed = false)
    {
        _toServer.Set(faults, keepsPassed);
        _toClient.Set(faults, keepsPassed);
    }

    /// <summary>Sends the datagrams with data again that were passed on from the last <see cref="Set"/> on that did not keep those before.</summary>
    /// <returns>How many datagrams.</returns>
    public int Replay(bool toServer) => (toServer ? _toServer : _toClient).Replay();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _near.Dispose();
        _far.Dispose();
        _stop.Dispose();
    }

    private static Socket NewSocket()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private void Pass(string direction, byte[] datagram, string note, Action send)
    {
        var records = new List<string>();
        for (var offset = 0; offset + 13 <= datagram.Length; offset += 13 + ((datagram[offset + 11] << 8) | datagram[offset + 12]))
        {
            var kind = datagram[offset] == 22 && datagram[offset + 4] == 0 && offset + 13 < datagram.Length ? $":{datagram[offset + 13]}" : "";
            records.Add($"{datagram[offset]}{kind}@{datagram[offset + 4]}");
        }

        _trace.Enqueue($"{TimeProvider.System.GetElapsedTime(_origin).TotalSeconds:F2} {direction} {string.Join(' ', records)} {note}");
        if (note is "" or "again" or "late")
        {
            send();
        }
    }

    private async Task PassAsync(Socket from, Direction direction)
    {
        var buffer = new byte[65_535];
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var received = await from.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
                if (from == _near)
                {
                    _client ??= received.RemoteEndPoint;
                }

                direction.Take(buffer.AsSpan(0, received.ReceivedBytes));
            }
            catch (OperationCanceledException)
            {
                // Expected at the end.
            }
            catch (SocketException)
            {
                // An end is closed already: its port is unreachable, which UDP forgets.
            }
        }
    }

    private sealed class Direction(Random random, DatagramFaults faults, Action<byte[], string> send)
    {
        private readonly Lock _lock = new();
        private readonly List<byte[]> _passed = [];
        private DatagramFaults _faults = faults;
        private byte[]? _held;
        private int _faultCount;

        public int FaultCount => Volatile.Read(ref _faultCount);

        public void Take(ReadOnlySpan<byte> datagram)
        {
            lock (_lock)
            {
                // Three numbers for each datagram, whatever they decide, so that one fault does not shift the others.
                var (isLost, isTwice, isHeld) = (
                    random.NextDouble() < _faults.Loss, random.NextDouble() < _faults.Duplication, random.NextDouble() < _faults.Reordering);
                var copy = datagram.ToArray();
                if (isLost)
                {
                    _faultCount++;
                    send(copy, "lost");
                }
                else if (isHeld && _held is null)
                {
                    _faultCount++;
                    _held = copy;
                    send(copy, "held");
                }
                else
                {
                    _faultCount += isTwice ? 1 : 0;
                    Pass(copy, "");
                    if (isTwice)
                    {
                        Pass(copy, "again");
                    }

                    LetGo();
                }
            }
        }

        public void Set(DatagramFaults next, bool keepsPassed)
        {
            lock (_lock)
            {
                LetGo();
                _faults = next;
                if (!keepsPassed)
                {
                    _passed.Clear();
                }
            }
        }

        public int Replay()
        {
            lock (_lock)
            {
                var data = _passed.FindAll(datagram => datagram[0] == ApplicationData);
                data.ForEach(datagram => send(datagram, ""));
                return data.Count;
            }
        }

        private void LetGo()
        {
            if (_held is { } held)
            {
                _held = null;
                Pass(held, "late");
            }
        }

        private void Pass(byte[] datagram, string note)
        {
            _passed.Add(datagram);
            send(datagram, note);
        }
    }
}
