using System.Buffers;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Session;

/// <summary>
/// A device's or node's side of one session with an edge (Protocol/README.md "Session ladder"). Sans-IO: time is an argument, effects are
/// values; one machine for one connection, called by one thread at a time.
/// <code>
///              HELLO                  ATTACHED
/// AwaitHello ---------> Attaching --------------> Attached --+
///     |      SendAttach     |        Attached        |       | OPEN OPENED REFUSED CLOSETUNNEL
///     |                     |                        |  ^----+ DATAGRAM ENROL: Deliver
///     |                     |                        |         GOAWAY: GoAway
///     +---------------------+------------------------+
///        CLOSE, a fault, a deadline, Close(): End
///                           v
///                        Closed    everything: None
/// </code>
/// <code>
/// frame        channel   AwaitHello  Attaching   Attached
/// HELLO        session   SendAttach  fault       fault
/// ATTACHED     session   fault       Attached    fault
/// CLOSE        session   End         End         End
/// PING, PONG   session   None        None        None       8 bytes, else MalformedFrame; answered by the transport
/// GOAWAY       session   fault       fault       GoAway
/// OPEN         tunnel    fault       fault       Deliver    nodes only
/// OPENED       tunnel    fault       fault       Deliver    devices only
/// REFUSED      session   fault       fault       Deliver    devices only
/// CLOSETUNNEL  tunnel    fault       fault       Deliver
/// DATAGRAM     tunnel    fault       fault       Deliver    payload not looked at
/// ENROL        session   fault       fault       Deliver    nodes only
/// other known  any       fault       fault       fault
/// unknown      any       None with the Optional flag, else UnknownFrame
/// </code>
/// "fault" is UnexpectedFrame; a payload that does not parse or is out of range is MalformedFrame. Which tunnels exist is not judged here:
/// the application knows its channels and drops what is late.
/// </summary>
public sealed class UplinkMachine
{
    /// <summary>HELLO is due within this time of TLS; the edge sends it at once.</summary>
    public static readonly TimeSpan HelloTimeout = TimeSpan.FromSeconds(10);

    /// <summary>ATTACHED is due within this time of ATTACH: the edge may ask a silo twice, each with 10 s (ControlTimeout), before it answers.</summary>
    public static readonly TimeSpan AttachTimeout = TimeSpan.FromSeconds(25);

    private readonly PeerRole _role;
    private readonly EdgeId _certified;
    private ulong _generation;

    /// <summary>Starts with a connection whose TLS handshake is done and whose server certificate is verified.</summary>
    /// <param name="role">Device or node.</param>
    /// <param name="certified">The edge's name in its certificate.</param>
    /// <param name="now">The clock.</param>
    public UplinkMachine(PeerRole role, EdgeId certified, DateTimeOffset now)
    {
        if (role is not (PeerRole.Device or PeerRole.Node))
        {
            throw new ArgumentOutOfRangeException(nameof(role), role, "Only devices and nodes attach to an edge.");
        }

        _role = role;
        _certified = certified;
        Deadline = now + HelloTimeout;
    }

    /// <summary>Where the session stands.</summary>
    public UplinkState State { get; private set; }

    /// <summary>When <see cref="OnTime"/> is due; null for never.</summary>
    public DateTimeOffset? Deadline { get; private set; }

    /// <summary>The edge, once HELLO was accepted.</summary>
    public EdgeId Edge { get; private set; }

    /// <summary>The version chosen; 0 before HELLO.</summary>
    public uint Version { get; private set; }

    /// <summary>The edge's keep-alive interval; zero before HELLO.</summary>
    public TimeSpan KeepAlive { get; private set; }

    /// <summary>The session's id; 0 before ATTACHED.</summary>
    public SessionId Session { get; private set; }

    /// <summary>The generation claimed; 0 before ATTACH.</summary>
    public ulong Generation => _generation;

    /// <summary>The UDP path that the edge offers; null before ATTACHED, and when it offers none.</summary>
    public UdpPath? PathOffer { get; private set; }

    /// <summary>The largest payload that the edge may send now.</summary>
    public int MaxPayloadBytes =>
        State == UplinkState.Attached ? FrameLimits.MaxPayloadBytes : FrameLimits.MaxUnattachedPayloadBytes;

    /// <summary>Takes a frame.</summary>
    /// <param name="header">The header.</param>
    /// <param name="payload">The payload; read during the call only.</param>
    /// <param name="now">The clock.</param>
    /// <returns>What to do.</returns>
    public UplinkEffect OnFrame(in FrameHeader header, in ReadOnlySequence<byte> payload, DateTimeOffset now)
    {
        if (State == UplinkState.Closed)
        {
            return default;
        }

        // The data path first; its payload is end-to-end and opaque.
        if (header.Type == FrameType.Datagram && State == UplinkState.Attached && !header.Channel.IsSession)
        {
            return new UplinkEffect(UplinkEffectKind.Deliver);
        }

        if (!Enum.IsDefined(header.Type) || header.Type == FrameType.Unspecified)
        {
            return OnUnknown(header);
        }

        if (!IsLegal(header))
        {
            return Fail(Reason.UnexpectedFrame, $"{header.Type} on channel {header.Channel} while {State}.");
        }

        if (header.Type is FrameType.Ping or FrameType.Pong)
        {
            return payload.Length == FrameLimits.PingBytes
                ? default
                : Fail(Reason.MalformedFrame, $"{header.Type} of {payload.Length} bytes.");
        }

        var body = SessionPayloads.TryRead(header.Type, payload);
        return body switch
        {
            null => Fail(Reason.MalformedFrame, $"{header.Type} does not parse or has a field out of its range."),
            Hello hello => OnHello(hello, now),
            Attached attached => OnAttached(attached),
            Close close => OnClose(close),
            GoAway away => new UplinkEffect(
                UplinkEffectKind.GoAway, Reason: ReasonText.FromWire(away.Reason), After: TimeSpan.FromMilliseconds(away.ReconnectAfterMs)),
            _ => new UplinkEffect(UplinkEffectKind.Deliver, body),
        };
    }

    /// <summary>Tells which generation the ATTACH claims, after <see cref="UplinkEffectKind.SendAttach"/>.</summary>
    /// <param name="generation">Of the claim.</param>
    public void OnAttachSent(ulong generation) => _generation = generation;

    /// <summary>Compares the time with <see cref="Deadline"/>.</summary>
    /// <param name="now">The clock.</param>
    /// <returns>The end when it is over, else nothing.</returns>
    public UplinkEffect OnTime(DateTimeOffset now)
    {
        if (Deadline is not { } deadline || now < deadline || State == UplinkState.Closed)
        {
            return default;
        }

        return Fail(Reason.HandshakeTimeout, State == UplinkState.AwaitHello ? "The edge sent no HELLO." : "The edge did not answer ATTACH.");
    }

    /// <summary>Ends the session from this side.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="detail">For people.</param>
    /// <returns>The end; nothing when it was over.</returns>
    public UplinkEffect Close(Reason reason, string detail) => State == UplinkState.Closed ? default : Fail(reason, detail);

    /// <summary>Takes CLOSE where the transport reads it by itself.</summary>
    /// <param name="close">The payload.</param>
    /// <returns>The end; nothing when the session was over.</returns>
    public UplinkEffect OnClose(Close close)
    {
        ArgumentNullException.ThrowIfNull(close);
        if (State == UplinkState.Closed)
        {
            return default;
        }

        Finish();
        var time = close.ServerTimeUnixMs;
        var isTime = time > 0 && time < DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();
        return Ended(new UplinkEnd(ReasonText.FromWire(close.Reason), ReasonText.Printable(close.Detail), true)
        {
            RetryAfter = TimeSpan.FromMilliseconds(close.RetryAfterMs),
            LastGeneration = close.LastGeneration,
            ServerTime = isTime ? DateTimeOffset.FromUnixTimeMilliseconds(time) : null,
        });
    }

    private static UplinkEffect Ended(UplinkEnd end) => new(UplinkEffectKind.End, End: end);

    private bool IsLegal(in FrameHeader header)
    {
        var isAttached = State == UplinkState.Attached;
        return header.Type switch
        {
            FrameType.Hello => header.Channel.IsSession && State == UplinkState.AwaitHello,
            FrameType.Attached => header.Channel.IsSession && State == UplinkState.Attaching && _generation != 0,
            FrameType.Close or FrameType.Ping or FrameType.Pong => header.Channel.IsSession,
            FrameType.GoAway => header.Channel.IsSession && isAttached,
            FrameType.Open => !header.Channel.IsSession && isAttached && _role == PeerRole.Node,
            FrameType.Opened => !header.Channel.IsSession && isAttached && _role == PeerRole.Device,
            FrameType.Refused => header.Channel.IsSession && isAttached && _role == PeerRole.Device,
            FrameType.CloseTunnel => !header.Channel.IsSession && isAttached,
            FrameType.Enrol => header.Channel.IsSession && isAttached && _role == PeerRole.Node,
            _ => false,
        };
    }

    private UplinkEffect OnUnknown(in FrameHeader header)
    {
        if (header.Type == FrameType.Unspecified)
        {
            return Fail(Reason.MalformedFrame, "A frame without a type.");
        }

        return header.Flags.HasFlag(FrameFlags.Optional)
            ? default
            : Fail(Reason.UnknownFrame, $"Frame type {(byte)header.Type:x2}.");
    }

    private UplinkEffect OnHello(Hello hello, DateTimeOffset now)
    {
        if (hello.ServerName != _certified.Text)
        {
            return Fail(Reason.CertificateWrongName, $"HELLO says {hello.ServerName}, the certificate {_certified}.");
        }

        var version = HelloRules.ChooseVersion(hello);
        if (version == 0)
        {
            return Fail(
                Reason.UnsupportedVersion,
                $"This side speaks {ProtocolVersion.Oldest}..{ProtocolVersion.Current}, the edge {hello.OldestVersion}..{hello.Version}.");
        }

        State = UplinkState.Attaching;
        Edge = _certified;
        Version = version;
        KeepAlive = TimeSpan.FromSeconds(hello.KeepAliveSeconds);
        Deadline = now + AttachTimeout;
        return new UplinkEffect(UplinkEffectKind.SendAttach);
    }

    private UplinkEffect OnAttached(Attached attached)
    {
        if (attached.Generation != _generation)
        {
            return Fail(Reason.MalformedFrame, "ATTACHED names another generation than ATTACH.");
        }

        State = UplinkState.Attached;
        Session = new SessionId(attached.SessionId);
        PathOffer = attached.Udp;
        Deadline = null;
        return new UplinkEffect(UplinkEffectKind.Attached);
    }

    private UplinkEffect Fail(Reason reason, string detail)
    {
        Finish();
        return Ended(new UplinkEnd(reason, detail, false));
    }

    private void Finish()
    {
        State = UplinkState.Closed;
        Deadline = null;
    }
}
