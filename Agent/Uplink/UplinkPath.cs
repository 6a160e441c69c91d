using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Paths;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport.Datagrams;

namespace OrleansUem.Agent.Uplink;

/// <summary>
/// The UDP path of one session: runs <see cref="PathMachine"/> over a socket. One thread of its own receives; any thread sends; a timer drives the machine, which is under a lock. The data path
/// reads no clock: it sets two flags that the timer looks at, and arms the timer when the path was at rest.
/// </summary>
internal sealed partial class UplinkPath : IAsyncDisposable
{
    /// <summary>
    /// Three runs. What a slow link does not take is to wait where flows are told apart and queues that stand are noticed, and that is before this socket (<see cref="Tun.TunBacklog"/>).
    /// </summary>
    private const int SendBufferBytes = 256 * 1024;

    private readonly Lock _gate = new();
    private readonly IUplinkPathOwner _owner;
    private readonly PathMachine _machine;
    private readonly PathKeys _keys;
    private readonly ulong _pathId;
    private readonly IPEndPoint _remote;
    private readonly TimeProvider _time;
    private readonly long _origin;
    private readonly ITimer _timer;
    private readonly byte[] _probe;
    private readonly DatagramWaiter _waiter = new();
    private readonly ConcurrentQueue<UplinkPathReport> _reports = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile UdpBatchSocket? _socket;
    private volatile bool _isUp;
    private volatile bool _isStopping;
    private volatile bool _isAtRest;
    private bool _wasHeard;
    private bool _wasSent;
    private string _refusal = "";

    /// <param name="owner">The session.</param>
    /// <param name="offer">What ATTACHED said.</param>
    /// <param name="edge">The edge's address of the TCP connection.</param>
    /// <param name="datagramBytes">The size that is proven, and the longest frame that goes over UDP.</param>
    /// <param name="jitter">Uniform in 0..1.</param>
    /// <param name="time">The clock.</param>
    public UplinkPath(IUplinkPathOwner owner, UdpPath offer, IPEndPoint edge, int datagramBytes, Func<double> jitter, TimeProvider time)
    {
        _owner = owner;
        _keys = new PathKeys(offer.Secret.Span);
        _pathId = offer.PathId;
        _remote = new IPEndPoint(
            edge.Address.IsIPv4MappedToIPv6 ? edge.Address.MapToIPv4() : edge.Address, offer.Port == 0 ? edge.Port : (int)offer.Port);
        _time = time;
        _origin = time.GetTimestamp();
        _probe = new byte[datagramBytes];
        _machine = new PathMachine(TimeSpan.Zero, jitter);
        _timer = time.CreateTimer(static self => ((UplinkPath)self!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether data goes over UDP now.</summary>
    public bool IsUp => _isUp;

    /// <summary>What was dropped on this path.</summary>
    public DropCounters Drops { get; } = new();

    /// <summary>Frames that left over UDP.</summary>
    public long FramesSent => Interlocked.Read(ref _framesSent);

    /// <summary>Frames that came over UDP.</summary>
    public long FramesReceived => Volatile.Read(ref _framesReceived);

    private TimeSpan Now => _time.GetElapsedTime(_origin);

    /// <summary>Begins to probe and to receive.</summary>
    public void Start()
    {
        new Thread(Receive) { IsBackground = true, Name = "uplink udp" }.Start();
        OnTimer();
    }

    /// <summary>Ends it; when the task completes nothing is handed on any more.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isStopping = true;
            _isUp = false;
        }

        await _timer.DisposeAsync();
        _waiter.Wake();
        await _ended.Task;
        _socket?.Dispose();
        _waiter.Dispose();
    }

    /// <summary>The network changed: UDP is tried now.</summary>
    public void OnNetworkChanged()
    {
        lock (_gate)
        {
            if (!_isStopping)
            {
                Carry(_machine.OnNetworkChanged(Now));
            }
        }
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            if (!_isStopping)
            {
                Carry(_machine.OnTime(Now, Interlocked.Exchange(ref _wasHeard, false), Interlocked.Exchange(ref _wasSent, false)));
            }
        }
    }

    private void OnAck(ReadOnlySpan<byte> datagram)
    {
        if (!PathDatagram.TryRead(datagram, out var ack) || ack.Type != PathDatagramType.Ack)
        {
            Drops.Add(DropReason.MalformedDatagram);
        }
        else if (ack.PathId != _pathId)
        {
            Drops.Add(DropReason.UnknownPath);
        }
        else if (!PathDatagram.IsAuthentic(datagram, _keys.Ack))
        {
            Drops.Add(DropReason.ForgedProbe);
        }
        else
        {
            lock (_gate)
            {
                if (!_isStopping)
                {
                    Carry(_machine.OnAck(ack.Counter, ack.Token, Now));
                }
            }
        }
    }

    // This machine refused a send, or the network said that nobody is there.
    private void OnRefused(string refusal)
    {
        lock (_gate)
        {
            if (!_isStopping)
            {
                _refusal = refusal;
                Carry(_machine.OnRefused(Now));
            }
        }
    }

    // Inside the lock. A probe that can't be sent is the next event.
    private void Carry(PathEffect effect)
    {
        while (true)
        {
            Apply(effect.Change);
            if ((effect.IsNewAttempt && !TryReopen()) || (effect.HasProbe && !TrySendProbe()))
            {
                effect = _machine.OnRefused(Now);
                continue;
            }

            break;
        }

        _isAtRest = _machine.IsAtRest;
        Interlocked.MemoryBarrier();
        var wait = _machine.Deadline - Now;
        wait = _isAtRest && Volatile.Read(ref _wasSent) && wait > PathLimits.LookInterval ? PathLimits.LookInterval : wait;
        _timer.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    private void Apply(PathChange change)
    {
        switch (change)
        {
            case PathChange.None:
                return;
            case PathChange.Up:
                _isUp = true;
                break;
            case PathChange.Down:
                _isUp = false;
                _owner.SendPathLeft(_machine.Counter);
                break;
            default:
                break;
        }

        var retryIn = change == PathChange.Up ? TimeSpan.Zero : _machine.Deadline - Now;
        _reports.Enqueue(new UplinkPathReport(change, _remote, _probe.Length, _machine.RoundTrip, _refusal, retryIn));
        _refusal = "";

        // The receiver hands the report on: it holds no lock of ours then, nor of whoever sends.
        _waiter.Wake();
    }

    [SuppressMessage("Reliability", "CA2000", Justification = "DisposeAsync disposes the last socket, the next attempt the one before it.")]
    private bool TryReopen()
    {
        var former = _socket;
        try
        {
            _socket = UdpBatchSocket.Connect(_remote, new UdpSocketOptions { SendBufferBytes = SendBufferBytes });
        }
        catch (SocketException e)
        {
            // An operating failure: no way to the address now.
            _refusal = $"{e.SocketErrorCode}";
            return false;
        }

        former?.Dispose();
        _waiter.Wake();
        return true;
    }

    private bool TrySendProbe()
    {
        new PathDatagram(PathDatagramType.Probe, _probe.Length, _pathId, _machine.Counter, _machine.Token).Write(_probe, _keys.Probe);
        var result = _socket!.Send(_probe, _probe.Length);
        if (result.Reason is DropReason.Unspecified or DropReason.QueueFull)
        {
            // One that found no room is as good as lost.
            return true;
        }

        Drops.Add(result.Reason);
        _refusal = Describe(result.Reason);
        return false;
    }

    private string Describe(DropReason reason) => reason == DropReason.Oversize
        ? $"the refusal of this machine's link to carry {_probe.Length} bytes"
        : "a refusal (a local firewall, no route, or nobody listens)";
}
