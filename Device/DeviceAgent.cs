using System.Buffers;
using System.Net;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Identity;
using OrleansUem.Agent.Tun;
using OrleansUem.Agent.Tunnel;
using OrleansUem.Agent.Uplink;
using OrleansUem.Device.Network;
using OrleansUem.Device.Tunnels;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Session;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device;

/// <summary>
/// A device: carries packets between its TUN and the end-to-end tunnel, and keeps the tunnel open over whatever session there is.
/// <para>
/// Threads: the uplink's read loop brings frames, one thread reads the TUN, the tunnel's timer brings its end. <see cref="DeviceTunnelMachine"/> and the network's
/// settings are under one lock; packets pass without it.
/// </para>
/// </summary>
internal sealed partial class DeviceAgent : IUplinkHandler, IDisposable
{
    private readonly IDeviceNetwork _network;
    private readonly IDeviceTunnelFactory _tunnels;
    private readonly string _node;
    private readonly Action<DeviceStatus> _onStatus;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly DeviceTunnelMachine _machine;
    private readonly WaitingPackets _waiting;
    private readonly Queue<DeviceTunnelEffect> _effects = new();
    private readonly ITimer _timer;
    private readonly TaskCompletionSource<DeviceFatalException> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly DropCounters _drops = new();

    private IUplinkSession? _session;
    private ActiveTunnel? _tunnel;
    private ActiveTunnel? _up;
    private TunnelTotals _ended;
    private bool _isRunning;
    private volatile bool _isAsleep;

    public DeviceAgent(
        IDeviceNetwork network,
        IDeviceTunnelFactory tunnels,
        string? node,
        Action<DeviceStatus> onStatus,
        ILogger logger,
        TimeProvider time,
        Func<double>? jitter = null)
    {
        _network = network;
        _tunnels = tunnels;
        _node = node ?? "";
        _onStatus = onStatus;
        _logger = logger;
        _time = time;
        _machine = new DeviceTunnelMachine(jitter ?? Random.Shared.NextDouble);
        _waiting = new WaitingPackets(time);
        _writers = new ThreadLocal<TunWriter>(() => new TunWriter(network.Tun));
        _timer = time.CreateTimer(
            static self => ((DeviceAgent)self!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Completes when the node refuses this device for good.</summary>
    public Task<DeviceFatalException> Failed => _failed.Task;

    /// <summary>Where the tunnel stands.</summary>
    public DeviceTunnelState State
    {
        get
        {
            lock (_gate)
            {
                return _machine.State;
            }
        }
    }

    /// <summary>The session; null while there is none.</summary>
    public IUplinkSession? Session => Volatile.Read(ref _session);

    /// <summary>Packets and datagrams dropped on this side.</summary>
    public long Drops(DropReason reason) => _drops[reason];

    /// <summary>The same, all reasons.</summary>
    public DropCounters AllDrops => _drops;

    /// <summary>Packets through all tunnels since the start.</summary>
    public TunnelTotals Totals
    {
        get
        {
            lock (_gate)
            {
                return _tunnel is { Tunnel: { } tunnel } ? Sum(_ended, tunnel.Totals) : _ended;
            }
        }
    }

    public void OnConnecting(RelayAddress relay, IPAddress address)
    {
        lock (_gate)
        {
            _network.ProtectRelay(address);
        }

        Report(new DeviceStatus(DeviceStatusKind.Connecting, $"Connecting to {relay} ({address})") { Relay = relay.ToString() });
    }

    public void OnAttached(IUplinkSession session)
    {
        Report(new DeviceStatus(
            DeviceStatusKind.Attached,
            $"Attached to edge {session.Edge} at {session.Remote} over {session.Suite}, session {session.Id}, generation {session.Generation}")
        {
            Edge = session.Edge.ToString(),
        });
        lock (_gate)
        {
            _session = session;
            Run(_machine.OnAttached(_time.GetUtcNow()));
        }
    }

    public Reason OnControl(IUplinkSession session, FrameType type, Channel channel, IMessage body)
    {
        lock (_gate)
        {
            if (session == _session)
            {
                Run(body switch
                {
                    Opened opened => _machine.OnOpened(channel, opened),
                    Refused refused => _machine.OnRefused(refused, _time.GetUtcNow()),
                    CloseTunnel close => _machine.OnCloseTunnel(channel, close, _time.GetUtcNow()),
                    _ => [],
                });
            }
        }

        return Reason.None;
    }

    public void OnDatagram(IUplinkSession session, Channel channel, in ReadOnlySequence<byte> payload)
    {
        var tunnel = Volatile.Read(ref _tunnel);
        if (tunnel is null || tunnel.Channel != channel || tunnel.Session != session)
        {
            Count(DropReason.StaleChannel);
        }
        else if (payload.IsSingleSegment)
        {
            tunnel.OnDatagram(payload.FirstSpan);
        }
        else
        {
            tunnel.OnSplitDatagram(payload);
        }
    }

    public void OnPathChanged(IUplinkSession session, UplinkPathReport report) => Report(
        new DeviceStatus(DeviceStatusKind.Path, report.ToString()) { RetryIn = report.IsUdp ? null : report.RetryIn, IsUdp = report.IsUdp });

    public void OnGoAway(IUplinkSession session, Reason reason, TimeSpan after) => Report(
        new DeviceStatus(DeviceStatusKind.GoingAway, $"Edge {session.Edge} drains; moving in {after.TotalSeconds:F1} s") { Reason = reason, RetryIn = after });

    public void OnDetached(IUplinkSession? session, UplinkEnd end, TimeSpan? retryIn)
    {
        lock (_gate)
        {
            _session = null;
            Run(_machine.OnDetached());
        }

        var next = retryIn is { } delay ? $"; again in {delay.TotalSeconds:F1} s" : "";
        Report(new DeviceStatus(
            DeviceStatusKind.Detached, $"{(session is null ? "Not attached" : "Detached")}: {UplinkAdvice.Explain(end, _time.GetUtcNow())}{next}")
        {
            Reason = end.Reason,
            RetryIn = retryIn,
        });
    }

    /// <summary>Ends the tunnel in an orderly way while there is still a session; packets are dropped from here on.</summary>
    /// <param name="reason">What node and relay are told.</param>
    public void Stop(Reason reason)
    {
        lock (_gate)
        {
            Run(_machine.Stop(reason));
        }

        _network.Tun.Stop();
    }

    public void Dispose()
    {
        _timer.Dispose();
        _writers.Dispose();
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            Run(_machine.OnTime(_time.GetUtcNow()));
        }
    }

    // Inside the lock. Carrying out an effect may bring the next event on this thread: its effects queue behind.
    private void Run(IReadOnlyList<DeviceTunnelEffect> effects)
    {
        foreach (var effect in effects)
        {
            _effects.Enqueue(effect);
        }

        if (_isRunning)
        {
            return;
        }

        _isRunning = true;
        try
        {
            while (_effects.TryDequeue(out var effect))
            {
                Carry(effect);
            }
        }
        finally
        {
            _isRunning = false;
        }

        _isAsleep = _machine.State == DeviceTunnelState.Asleep;
        var wait = _machine.Deadline is { } deadline ? deadline - _time.GetUtcNow() : Timeout.InfiniteTimeSpan;
        _timer.Change(wait < TimeSpan.Zero && wait != Timeout.InfiniteTimeSpan ? TimeSpan.Zero : wait, Timeout.InfiniteTimeSpan);
        if (_isAsleep && _waiting.Count > 0)
        {
            Run(_machine.OnPacketWaiting(_time.GetUtcNow()));
        }
    }

    private void Carry(DeviceTunnelEffect effect)
    {
        switch (effect.Kind)
        {
            case DeviceTunnelEffectKind.SendOpen:
                Report(DeviceStatusKind.Opening, "Asking for the tunnel");
                _session?.TrySend(FrameType.Open, Channel.Session, new Open { RequestId = effect.RequestId, NodeId = _node });
                break;
            case DeviceTunnelEffectKind.StartTunnel:
                StartTunnel(effect);
                break;
            case DeviceTunnelEffectKind.StopTunnel:
                StopTunnel(effect.Reason, effect.Detail);
                break;
            case DeviceTunnelEffectKind.CloseChannel:
                StopTunnel(effect.Channel);
                _session?.TrySend(
                    FrameType.CloseTunnel,
                    effect.Channel,
                    new CloseTunnel { Reason = (uint)effect.Reason, Detail = ReasonText.Cut(effect.Detail) });
                break;
            case DeviceTunnelEffectKind.ReportClosed:
                Report(new DeviceStatus(
                    DeviceStatusKind.TunnelClosed, $"{Describe("No tunnel", effect)}; again in {effect.RetryIn.TotalSeconds:F1} s")
                {
                    Reason = effect.Reason,
                    RetryIn = effect.RetryIn,
                });
                break;
            case DeviceTunnelEffectKind.ReportAsleep:
                Report(new DeviceStatus(DeviceStatusKind.Asleep, "The tunnel was closed for want of traffic; the next packet opens it")
                {
                    Reason = effect.Reason,
                });
                break;
            case DeviceTunnelEffectKind.EndSession:
                _session?.Close(effect.Reason, effect.Detail);
                break;
            case DeviceTunnelEffectKind.Fail:
                _failed.TrySetResult(new DeviceFatalException(
                    effect.Reason, $"{Describe("The node refuses this device", effect)}. Ask the organisation; to come back, enrol again."));
                break;
            default:
                break;
        }
    }

    private void StartTunnel(DeviceTunnelEffect effect)
    {
        Report(new DeviceStatus(DeviceStatusKind.TunnelOpen, $"Tunnel {effect.TunnelId} is open, node {effect.Node}") { Node = effect.Node });
        var active = new ActiveTunnel(this, _session!, effect.Channel, effect.Node);
        active.Tunnel = _tunnels.Create(effect.Node, active);
        Volatile.Write(ref _tunnel, active);
        active.Tunnel.Start();
    }

    private void StopTunnel(Reason reason, string detail)
    {
        var active = _tunnel;
        Forget();
        active?.Tunnel!.Close(reason, detail);
    }

    // The end-to-end tunnel ended by itself; what is left is to forget it.
    private void StopTunnel(Channel channel)
    {
        if (_tunnel is { } active && active.Channel == channel)
        {
            Forget();
        }
    }

    private void Forget()
    {
        if (_tunnel is { Tunnel: { } tunnel })
        {
            _ended = Sum(_ended, tunnel.Totals);
        }

        Volatile.Write(ref _up, null);
        Volatile.Write(ref _tunnel, null);
    }

    private static TunnelTotals Sum(TunnelTotals a, TunnelTotals b) => new(
        a.PacketsSent + b.PacketsSent, a.BytesSent + b.BytesSent, a.PacketsReceived + b.PacketsReceived, a.BytesReceived + b.BytesReceived);

    private void Report(DeviceStatusKind kind, string text) => Report(new DeviceStatus(kind, text));

    private void Report(DeviceStatus status)
    {
        LogStep(_logger, status.Kind, status.Reason);
        _onStatus(status);
    }

    private void Count(DropReason reason) => _drops.Add(reason);

    private static string Describe(string what, DeviceTunnelEffect effect) =>
        effect.Detail.Length == 0 ? $"{what}: {effect.Reason.Describe()}" : $"{what}: {effect.Reason.Describe()}, {ReasonText.Printable(effect.Detail)}";
}
