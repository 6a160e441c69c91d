using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Sessions;

/// <summary>
/// The edge's side of one device's or node's session (Protocol/README.md "Session ladder"). Time is an argument; no I/O. Not for concurrent use: the owner
/// serialises calls.
/// <code>
///   AwaitingAttach --ATTACH--&gt; AwaitingBundle --bundle, chain--&gt; AwaitingSilo --accepted--&gt; Attached
///        |  deadline                 |  refused                      |  refused               |
///        +---------------------------+-------------- Close ----------+------------------------+--&gt; Ended
/// </code>
/// What it does not do: keep-alive and frame lengths (the connection does), the signature and generation of the claim (the silo does).
/// </summary>
public sealed class EdgeSessionMachine
{
    private readonly PeerRole _role;
    private readonly TimeSpan _attachDeadline;
    private X509Certificate2? _tlsCertificate;

    /// <param name="role">Device or Node, by the connection's ALPN.</param>
    /// <param name="tlsCertificate">The certificate of the TLS handshake, which stays the caller's and is not looked at once the session is attached or over; null when there was none.</param>
    /// <param name="attachDeadline">When ATTACH is due.</param>
    public EdgeSessionMachine(PeerRole role, X509Certificate2? tlsCertificate, TimeSpan attachDeadline)
    {
        _role = role;
        _tlsCertificate = tlsCertificate;
        _attachDeadline = attachDeadline;
    }

    /// <summary>How far it is.</summary>
    public SessionPhase Phase { get; private set; }

    /// <summary>Who the peer claims to be, from ATTACH on; proven when <see cref="Phase"/> is Attached.</summary>
    public PeerIdentity Identity { get; private set; }

    /// <summary>The claim's generation, from ATTACH on; the silo's word from Attached on.</summary>
    public ulong Generation { get; private set; }

    /// <summary>Before anything is awaited: whether there is a peer to speak of.</summary>
    /// <returns>Nothing, or Close with CertificateMissing.</returns>
    public SessionEffect OnConnected() => _tlsCertificate is null ? Refuse(Reason.CertificateMissing) : default;

    /// <summary>Whether a frame is allowed now. CLOSE, PING and PONG never get here.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="isOnSession">Whether it is on channel 0.</param>
    /// <returns>None, or the reason to close with.</returns>
    public Reason Judge(FrameType type, bool isOnSession)
    {
        var isAllowed = Phase switch
        {
            SessionPhase.AwaitingAttach => type == FrameType.Attach && isOnSession,
            SessionPhase.Attached => type switch
            {
                FrameType.Datagram or FrameType.CloseTunnel => !isOnSession,
                FrameType.PathLeft => isOnSession,
                FrameType.Open => _role == PeerRole.Device && isOnSession,
                FrameType.Opened or FrameType.Refused => _role == PeerRole.Node && !isOnSession,
                FrameType.EnrolAnswer => _role == PeerRole.Node && isOnSession,
                _ => false,
            },
            SessionPhase.Ended => true,
            _ => false,
        };
        return isAllowed ? Reason.None : Reason.UnexpectedFrame;
    }

    /// <summary>ATTACH arrived.</summary>
    /// <param name="attach">The payload.</param>
    /// <returns>FetchBundle or Close.</returns>
    public SessionEffect OnAttach(Attach attach)
    {
        ArgumentNullException.ThrowIfNull(attach);
        if (attach.Version is < ProtocolVersion.Oldest or > ProtocolVersion.Current)
        {
            return Refuse(Reason.UnsupportedVersion);
        }

        if (attach.Software.Length > AttachClaims.MaxSoftwareCharacters || attach.TenantTag.Length != TenantTags.TagBytes)
        {
            return Refuse(Reason.MalformedFrame);
        }

        if (_tlsCertificate is null || !attach.Certificate.Span.SequenceEqual(_tlsCertificate.RawDataMemory.Span))
        {
            return Refuse(Reason.CertificateWrongName, "ATTACH shows another certificate than the TLS handshake.");
        }

        var reason = ReadClaim(attach);
        if (reason != Reason.None)
        {
            return Refuse(reason);
        }

        Phase = SessionPhase.AwaitingBundle;
        return new SessionEffect(SessionEffectKind.FetchBundle);
    }

    /// <summary>The tenant's roots are there, or are not to be had.</summary>
    /// <param name="reason">None: <paramref name="roots"/> are the tenant's.</param>
    /// <param name="roots">The roots.</param>
    /// <param name="now">The clock that certificates are compared with.</param>
    /// <returns>AskSilo or Close.</returns>
    public SessionEffect OnBundle(Reason reason, IReadOnlyList<X509Certificate2> roots, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(roots);
        if (Phase != SessionPhase.AwaitingBundle)
        {
            return default;
        }

        if (reason != Reason.None)
        {
            return Refuse(reason);
        }

        reason = Reason.CertificateUntrusted;
        foreach (var root in roots)
        {
            reason = CertificateProfile.Judge(_tlsCertificate!, Identity, root, _role, now);
            if (reason != Reason.CertificateUntrusted)
            {
                break;
            }
        }

        if (reason != Reason.None)
        {
            return Refuse(reason);
        }

        _tlsCertificate = null;
        Phase = SessionPhase.AwaitingSilo;
        return new SessionEffect(SessionEffectKind.AskSilo);
    }

    /// <summary>The tenant's id in the text that all its sessions share; one of another tenant changes nothing.</summary>
    public void ShareTenant(TenantId tenant)
    {
        if (tenant == Identity.Root)
        {
            Identity = Identity with { Root = tenant };
        }
    }

    /// <summary>The silo judged the claim.</summary>
    /// <param name="answer">Its answer to AttachSession.</param>
    /// <returns>Announce or Close.</returns>
    public SessionEffect OnSilo(ControlAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        if (Phase != SessionPhase.AwaitingSilo)
        {
            return default;
        }

        var attached = answer.Attached;
        var reason = ReasonText.FromWire(answer.Reason);
        if (reason == Reason.None && attached?.Identity != Identity.ToString())
        {
            return Refuse(Reason.InternalError, "The silo answered for another peer.");
        }

        if (reason != Reason.None)
        {
            var refusal = Refuse(reason, answer.Detail);
            refusal.Close!.ServerTimeUnixMs = attached?.ServerTimeUnixMs ?? 0;
            refusal.Close.LastGeneration = attached?.LastGeneration ?? 0;
            return refusal;
        }

        Generation = attached!.Generation;
        Phase = SessionPhase.Attached;
        return new SessionEffect(SessionEffectKind.Announce);
    }

    /// <summary>Time passed.</summary>
    /// <param name="now">The time, on the clock of the deadline.</param>
    /// <returns>Close with HandshakeTimeout when ATTACH is overdue.</returns>
    public SessionEffect OnTime(TimeSpan now) =>
        Phase == SessionPhase.AwaitingAttach && now >= _attachDeadline ? Refuse(Reason.HandshakeTimeout, "ATTACH is overdue.") : default;

    /// <summary>The connection is over or about to be.</summary>
    /// <returns>The phase before.</returns>
    public SessionPhase End()
    {
        var before = Phase;
        Phase = SessionPhase.Ended;
        _tlsCertificate = null;
        return before;
    }

    private SessionEffect Refuse(Reason reason, string detail = "")
    {
        Phase = SessionPhase.Ended;
        _tlsCertificate = null;
        return SessionEffect.Closing(reason, detail);
    }

    private Reason ReadClaim(Attach attach)
    {
        // The same bytes as ATTACH's, decoded.
        var reason = CertificateProfile.Check(_tlsCertificate!, out var identity);
        if (reason != Reason.None)
        {
            return reason;
        }

        if (identity.Role != _role)
        {
            return Reason.CertificateWrongRole;
        }

        Identity = identity;
        try
        {
            Generation = AttachClaim.Parser.ParseFrom(attach.Claim).Generation;
            return Reason.None;
        }
        catch (InvalidProtocolBufferException)
        {
            // A peer fault: the claim does not parse.
            return Reason.MalformedFrame;
        }
    }
}
