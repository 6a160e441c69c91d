using System.Buffers;
using System.Security.Cryptography;
using Google.Protobuf;
using OrleansUem.Edge.Forwarding;
using OrleansUem.Edge.Paths;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.Edge.Sessions;

/// <summary>
/// One device's or node's connection, from HELLO to its end: carries out what <see cref="EdgeSessionMachine"/> decides and forwards datagrams. Frames come on
/// the connection's read loop; answers of silos come on the thread pool; the machine is guarded by a lock.
/// </summary>
internal abstract partial class EdgeSession : IFrameHandler, ITunnelPeer
{
    private readonly TlsConnection _tls;
    private readonly EdgeSessionMachine _machine;
    private readonly SessionCounters _counters = new();
    private volatile bool _isAttached;
    private volatile bool _isEnded;
    private int _cleanedUp;
    private ITimer? _attachTimer;

    /// <param name="server">The edge.</param>
    /// <param name="tls">The connection.</param>
    /// <param name="role">By the listener.</param>
    /// <param name="maxChannels">Tunnels at a time.</param>
    /// <param name="udp">The UDP sockets beside the listener; null when there are none.</param>
    protected EdgeSession(EdgeServer server, TlsConnection tls, PeerRole role, int maxChannels, UdpListener? udp)
    {
        Server = server;
        _tls = tls;
        _udp = udp;
        Id = server.Sessions.NextId();
        Channels = new ChannelTable(maxChannels);
        var certificate = tls.PeerCertificate;
        CertificateSha256 = certificate is null ? [] : SHA256.HashData(certificate.RawDataMemory.Span);
        _machine = new EdgeSessionMachine(role, certificate, server.Now + server.Limits.HandshakeTimeout);
        Connection = server.CreateConnection(tls, role);
    }

    public ulong Id { get; }

    public ChannelTable Channels { get; }

    public bool IsEnded => _isEnded;

    public bool IsAttached => _isAttached && !_isEnded;

    public PeerIdentity Identity { get; private set; }

    /// <summary>The text of <see cref="Identity"/>, made anew each time; empty before ATTACH.</summary>
    public string IdentityText => Identity.Root.Text is null ? "" : Identity.ToString();

    public ulong Generation { get; private set; }

    public byte[] CertificateSha256 { get; }

    /// <summary>Guards the machine and what a kind of session decides by its own counts. No other lock is taken inside it but those of channels and queue.</summary>
    protected object Lock => _machine;

    protected EdgeServer Server { get; }

    protected FrameConnection Connection { get; }

    protected string Address => _tls.RemoteEndPoint.Address.ToString();

    /// <summary>Runs the session to its end.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Server.Metrics.Add(_counters);
        _tls.Pending?.OnDisplaced(OnDisplaced);
        Connection.TrySend(FrameType.Hello, Channel.Session, Server.CreateHello());
        _attachTimer = Server.Time.CreateTimer(
            static state => ((EdgeSession)state!).OnAttachDeadline(), this, Server.Limits.HandshakeTimeout, Timeout.InfiniteTimeSpan);
        Carry(_machine.OnConnected());
        ConnectionEnd? end = null;
        try
        {
            end = await Connection.RunAsync(this, cancellationToken);
        }
        finally
        {
            EndAttachTimer();
            CleanUp(end?.Reason ?? Reason.InternalError);
            Server.Metrics.Remove(_counters);
        }
    }

    public bool TrySend(FrameType type, Channel channel, IMessage body) => Connection.TrySend(type, channel, body);

    /// <summary>Ends the session: its routes at once, the connection after CLOSE is sent.</summary>
    public void Close(Reason reason, string detail = "", uint retryAfterMs = 0)
    {
        Close(new Close { Reason = (uint)reason, Detail = detail, RetryAfterMs = retryAfterMs });
    }

    public Reason OnFrame(in FrameHeader header, in ReadOnlySequence<byte> payload)
    {
        if (header.Type == FrameType.Datagram && _isAttached && !header.Channel.IsSession)
        {
            Forward(header.Channel, payload);
            return Reason.None;
        }

        try
        {
            Reason verdict;
            lock (Lock)
            {
                verdict = _machine.Judge(header.Type, header.Channel.IsSession);
            }

            return verdict != Reason.None ? verdict
                : header.Type == FrameType.Attach ? OnAttach(payload)
                : header.Type == FrameType.PathLeft ? OnPathLeft(payload)
                : OnControlFrame(header, payload);
        }
        catch (InvalidProtocolBufferException)
        {
            // A peer fault: a payload that does not parse.
            return Reason.MalformedFrame;
        }
    }

    /// <summary>A control frame of an attached session, allowed by the machine.</summary>
    protected abstract Reason OnControlFrame(in FrameHeader header, in ReadOnlySequence<byte> payload);

    /// <summary>The session is over: what waits for the peer's answers is given up.</summary>
    protected virtual void OnEnded()
    {
    }

    /// <summary>CLOSETUNNEL of the peer. A channel that is gone may have been under way when it was closed.</summary>
    protected void OnCloseTunnel(Channel channel, in ReadOnlySequence<byte> payload, Reason fallback)
    {
        var close = CloseTunnel.Parser.ParseFrom(payload);
        if (FindOrDrop(channel) is { } slot)
        {
            var reason = ReasonText.FromWire(close.Reason);
            slot.Offer?.TrySetResult(new Refused { Reason = close.Reason, Detail = ReasonText.Cut(close.Detail) });
            Server.Routes.EndSlot(slot, reason == Reason.None ? fallback : reason, ReasonText.Cut(close.Detail), silent: this);
        }
    }

    protected ChannelSlot? FindOrDrop(Channel channel)
    {
        var slot = Channels.Find(channel, out var drop);
        if (slot is null)
        {
            _counters.Dropped(drop);
        }

        return slot;
    }

    private Reason OnAttach(in ReadOnlySequence<byte> payload)
    {
        _tls.Pending?.HeardPeer();
        var bytes = ByteString.CopyFrom(payload.ToArray());
        var attach = Attach.Parser.ParseFrom(bytes);
        SessionEffect effect;
        lock (Lock)
        {
            effect = _machine.OnAttach(attach);
            Identity = _machine.Identity;
            Generation = _machine.Generation;
        }

        if (effect.Kind == SessionEffectKind.FetchBundle && !Server.Sessions.TryAdd(this))
        {
            effect = SessionEffect.Closing(Reason.TooManyConnections);
        }

        if (effect.Kind == SessionEffectKind.FetchBundle)
        {
            _ = AttachAsync(attach.TenantTag, bytes);
        }
        else
        {
            Carry(effect);
        }

        return Reason.None;
    }

    private async Task AttachAsync(ByteString tag, ByteString attach)
    {
        try
        {
            var bundle = await Server.Bundles.GetAsync(Identity.Root, tag);
            SessionEffect effect;
            lock (Lock)
            {
                effect = _machine.OnBundle(bundle.Reason, bundle.Roots, Server.Time.GetUtcNow());
                _machine.ShareTenant(bundle.Tenant);
                Identity = _machine.Identity;
            }

            if (effect.Kind != SessionEffectKind.AskSilo)
            {
                Carry(effect);
                return;
            }

            var answer = await Server.Silos.RequestAsync(new ControlRequest
            {
                Attach = new AttachSession { SessionId = Id, Attach = attach, Address = Address, Transport = "tcp" },
            });
            lock (Lock)
            {
                effect = _machine.OnSilo(answer);
                Generation = _machine.Generation;
            }

            if (effect.Kind == SessionEffectKind.None && answer.Reason == 0)
            {
                // The connection ended or was cut while the grain accepted it: the grain is to know.
                Server.Reports.Add(Ended(answer.Attached.Generation, Connection.End?.Reason ?? Reason.ConnectionLost));
            }

            Carry(effect);
        }
        catch (Exception e)
        {
            // Nobody awaits this task: the fault ends the session here.
            LogAttachFault(Server.Logger, e);
            Close(Reason.InternalError);
        }
    }

    private void Announce()
    {
        // From here on an end is reported, even when it comes before ATTACHED is out.
        if (!Server.Sessions.TryPresent(this, out var replaced))
        {
            Close(Reason.StaleGeneration);
            return;
        }

        replaced?.Close(Reason.Replaced);
        EndAttachTimer();
        _tls.Pending?.Leave();
        _tls.ForgetCertificate();
        Connection.MaxPayloadBytes = FrameLimits.MaxPayloadBytes;
        _isAttached = true;
        Connection.TrySend(FrameType.Attached, Channel.Session, new Attached { SessionId = Id, Generation = Generation, Udp = OfferPath() });
        LogAttached(Server.Logger, Identity.Role, Id, Generation);
        if (_isEnded)
        {
            Server.Sessions.Remove(this);
            EndPath();
        }
    }

    private void EndAttachTimer() => Interlocked.Exchange(ref _attachTimer, null)?.Dispose();

    private void OnDisplaced() => Close(Reason.HandshakeDisplaced, retryAfterMs: EdgeServer.RetryAfterMs(Reason.HandshakeDisplaced));

    private void OnAttachDeadline()
    {
        SessionEffect effect;
        lock (Lock)
        {
            effect = _machine.OnTime(Server.Now);
        }

        Carry(effect);
    }

    private void Carry(in SessionEffect effect)
    {
        if (effect.Kind == SessionEffectKind.Announce)
        {
            Announce();
        }
        else if (effect.Close is { } close)
        {
            close.RetryAfterMs = EdgeServer.RetryAfterMs(ReasonText.FromWire(close.Reason));
            Close(close);
        }
    }

    private void Close(Close close)
    {
        Connection.Close(close);
        CleanUp(Connection.End?.Reason ?? ReasonText.FromWire(close.Reason));
    }

    private void CleanUp(Reason reason)
    {
        if (Interlocked.Exchange(ref _cleanedUp, 1) != 0)
        {
            return;
        }

        SessionPhase before;
        lock (Lock)
        {
            before = _machine.End();
            _isEnded = true;
        }

        // What is left is the peer's: to read CLOSE and to hang up.
        _tls.Pending?.AwaitPeer();
        Server.Sessions.Remove(this);
        EndPath();
        OnEnded();
        Server.Routes.EndSession(this, EndOfTunnels(reason), "");
        if (before == SessionPhase.Attached)
        {
            Server.Reports.Add(Ended(Generation, reason));
            Server.Metrics.Ended(reason);
        }
        else
        {
            Server.Metrics.Refused(reason);
        }

        LogEnded(Server.Logger, Id, reason);
    }

    // The far end hears of a cut as such; of everything else, that its peer is gone.
    private Reason EndOfTunnels(Reason reason) => reason switch
    {
        Reason.CutByAdmin or Reason.CertificateRevoked or Reason.CertificateSuperseded => reason,
        _ => Identity.Role == PeerRole.Node ? Reason.NodeLost : Reason.DeviceLost,
    };

    private SessionEnded Ended(ulong generation, Reason reason) =>
        new() { Identity = IdentityText, SessionId = Id, Generation = generation, Reason = (uint)reason };
}
