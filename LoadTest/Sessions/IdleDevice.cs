using System.Buffers;
using System.Net;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Agent.Identity;
using OrleansUem.Agent.Tunnel;
using OrleansUem.Agent.Uplink;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Session;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Sessions;

/// <summary>A device with the product's session and end-to-end tunnel and no network behind them: thousands fit into one process.</summary>
internal sealed class IdleDevice : IUplinkHandler, ISecureTunnelHandler, IAsyncDisposable
{
    private readonly AgentState _state;
    private readonly TunnelContexts _contexts;
    private readonly TunnelTimer _timer;
    private readonly bool _usesUdp;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;
    private IUplinkSession? _session;
    private SecureTunnel? _tunnel;
    private Channel _channel;
    private volatile bool _isConfigured;
    private volatile bool _isOverUdp;

    /// <param name="stateDirectory">Of an enrolled device.</param>
    /// <param name="timer">For all devices of the process.</param>
    /// <param name="usesUdp">Whether its data is to go over UDP.</param>
    public IdleDevice(string stateDirectory, TunnelTimer timer, bool usesUdp)
    {
        _state = AgentState.Open(stateDirectory, PeerRole.Device);
        _contexts = TunnelContexts.Create(_state.Enrolment.Credentials);
        _timer = timer;
        _usesUdp = usesUdp;
    }

    /// <summary>Attaches, opens the tunnel, and waits until it is configured and, where it is to be, over UDP.</summary>
    /// <exception cref="InvalidOperationException">The relay or the node refused, or the session ended.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var options = new UplinkOptions { Software = "uem-load/1", UsesUdp = _usesUdp, MtuBytes = TunnelLimits.MtuBytesDefault };
        _running = new RelayUplink(_state, this, options, NullLoggerFactory.Instance, TimeProvider.System).RunAsync(_stop.Token);
        await _up.Task.WaitAsync(cancellationToken);
    }

    public void OnConnecting(RelayAddress relay, IPAddress address)
    {
    }

    public void OnAttached(IUplinkSession session)
    {
        _session = session;
        session.TrySend(FrameType.Open, Channel.Session, new Open { RequestId = 1 });
    }

    public Reason OnControl(IUplinkSession session, FrameType type, Channel channel, IMessage body)
    {
        switch (body)
        {
            case Opened opened:
                _channel = channel;
                var tunnel = new SecureTunnel(_contexts, _timer, new TunnelPeer(opened.NodeId), this);
                Volatile.Write(ref _tunnel, tunnel);
                tunnel.Start();
                break;
            case Refused refused:
                Fail($"the relay refused the tunnel: {ReasonText.FromWire(refused.Reason).Describe()} {refused.Detail}");
                break;
            case CloseTunnel close:
                Fail($"the relay ended the tunnel: {ReasonText.FromWire(close.Reason).Describe()} {close.Detail}");
                break;
            default:
                break;
        }

        return Reason.None;
    }

    public void OnDatagram(IUplinkSession session, Channel channel, in ReadOnlySequence<byte> payload)
    {
        var tunnel = Volatile.Read(ref _tunnel);
        if (tunnel is null || channel != _channel)
        {
            return;
        }

        if (payload.IsSingleSegment)
        {
            tunnel.OnDatagram(payload.FirstSpan);
        }
        else
        {
            tunnel.OnDatagram(payload.ToArray());
        }
    }

    public void OnPathChanged(IUplinkSession session, UplinkPathReport report)
    {
        _isOverUdp = report.IsUdp;
        CheckUp();
    }

    public void OnGoAway(IUplinkSession session, Reason reason, TimeSpan after)
    {
    }

    public void OnDetached(IUplinkSession? session, UplinkEnd end, TimeSpan? retryIn) => Fail($"the session ended: {end.Reason.Describe()} {end.Detail}");

    public bool SendDatagram(SecureTunnel tunnel, ReadOnlySpan<byte> datagram) => _session!.TrySendDatagram(_channel, datagram);

    public void DeliverPacket(SecureTunnel tunnel, ReadOnlySpan<byte> packet)
    {
    }

    public TunnelAdmission OnSecured(SecureTunnel tunnel, TunnelSecurity security)
    {
        security.Certificate.Dispose();
        return TunnelAdmission.Continue;
    }

    public void OnConfigured(SecureTunnel tunnel, TunnelConfiguration configuration)
    {
        _isConfigured = true;
        CheckUp();
    }

    public void OnClosed(SecureTunnel tunnel, Reason reason, string detail, bool isByPeer) => Fail($"the tunnel ended: {reason.Describe()} {detail}");

    public void OnDropped(SecureTunnel tunnel, DropReason reason)
    {
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running;
        }
        catch (UplinkFatalException)
        {
            // Whoever started it has its reason from OnDetached.
        }

        _contexts.Dispose();
        _state.Dispose();
        _stop.Dispose();
    }

    private void CheckUp()
    {
        if (_isConfigured && (_isOverUdp || !_usesUdp))
        {
            _up.TrySetResult();
        }
    }

    private void Fail(string why) => _up.TrySetException(new InvalidOperationException($"A device failed: {why}"));
}
