using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Agent.Identity;
using OrleansUem.Agent.Uplink;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Session;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.EdgeAlone;

/// <summary>A device or node that has the product's uplink and nothing behind it: its tunnels carry any bytes, so that the edge between is measured and no cipher.</summary>
internal sealed class RawPeer : IUplinkHandler, IAsyncDisposable
{
    private readonly AgentState _state;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<Channel> _channels = [];
    private readonly bool _isDevice;
    private Task _running = Task.CompletedTask;
    private int _isOverUdp;

    public RawPeer(string stateDirectory, PeerRole role)
    {
        _isDevice = role == PeerRole.Device;
        _state = AgentState.Open(stateDirectory, role);
    }

    /// <summary>Its session, once it is ready.</summary>
    public IUplinkSession Session { get; private set; } = null!;

    /// <summary>The channels of its tunnels: one of a device, those that were offered of a node.</summary>
    public IReadOnlyCollection<Channel> Channels => _channels;

    /// <summary>Attaches.</summary>
    /// <returns>Ends when data goes over UDP and, at a device, the tunnel is open.</returns>
    /// <exception cref="InvalidOperationException">The relay refused it.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var uplink = new RelayUplink(
            _state, this, new UplinkOptions { Software = "uem-load/1", MtuBytes = TunnelLimits.MtuBytesDefault }, NullLoggerFactory.Instance, TimeProvider.System);
        _running = uplink.RunAsync(_stop.Token);
        await _ready.Task.WaitAsync(cancellationToken);
    }

    public void OnConnecting(RelayAddress relay, IPAddress address)
    {
    }

    public void OnAttached(IUplinkSession session)
    {
        Session = session;
        if (_isDevice)
        {
            session.TrySend(FrameType.Open, Channel.Session, new Open { RequestId = 1 });
        }
    }

    public Reason OnControl(IUplinkSession session, FrameType type, Channel channel, IMessage body)
    {
        switch (body)
        {
            case Open open:
                _channels.Enqueue(channel);
                session.TrySend(FrameType.Opened, channel, new Opened { TunnelId = open.TunnelId });
                break;
            case Opened:
                _channels.Enqueue(channel);
                CheckReady();
                break;
            case Refused refused:
                _ready.TrySetException(new InvalidOperationException($"The relay refused the tunnel: {ReasonText.FromWire(refused.Reason).Describe()}."));
                break;
            default:
                break;
        }

        return Reason.None;
    }

    public void OnDatagram(IUplinkSession session, Channel channel, in ReadOnlySequence<byte> payload)
    {
    }

    public void OnPathChanged(IUplinkSession session, UplinkPathReport report)
    {
        Volatile.Write(ref _isOverUdp, report.IsUdp ? 1 : 0);
        CheckReady();
    }

    public void OnGoAway(IUplinkSession session, Reason reason, TimeSpan after)
    {
    }

    public void OnDetached(IUplinkSession? session, UplinkEnd end, TimeSpan? retryIn) =>
        _ready.TrySetException(new InvalidOperationException($"The session ended: {end.Reason.Describe()}."));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        _state.Dispose();
    }

    private void CheckReady()
    {
        if (Volatile.Read(ref _isOverUdp) != 0 && (!_isDevice || !_channels.IsEmpty))
        {
            _ready.TrySetResult();
        }
    }
}
