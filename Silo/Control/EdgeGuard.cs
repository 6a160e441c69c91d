using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Silo.Control;

/// <summary>
/// Reads what an edge asks and checks all that needs no grain: form, sizes, counts, roles and the tenant's tag. An edge faces the internet and may be
/// stolen, so nothing it says is taken for granted; above all its own id comes from its certificate and from nowhere else. Pure.
/// </summary>
/// <param name="edge">The edge, as its certificate names it.</param>
/// <param name="isTenantTag">Checks a tag: <c>SiloState.IsTenantTag</c>.</param>
internal sealed class EdgeGuard(EdgeId edge, Func<TenantId, ReadOnlyMemory<byte>, bool> isTenantTag)
{
    /// <summary>The edge, as its certificate names it.</summary>
    public EdgeId Edge => edge;

    /// <summary>A session of this edge.</summary>
    public SessionKey Session(ulong sessionId, ulong generation) => new() { EdgeId = edge.Text, SessionId = sessionId, Generation = generation };

    /// <summary>TenantBundleRequest: the tag is checked before anybody looks for the tenant.</summary>
    public ControlRefusal CheckBundle(TenantBundleRequest request, out TenantId tenant) =>
        CheckTenant(request.TenantId, request.TenantTag, out tenant);

    /// <summary>AttachSession as far as it goes without the tenant's root: form, and the tag of the tenant that the certificate names.</summary>
    /// <param name="request">The request.</param>
    /// <param name="attach">ATTACH, unless refused.</param>
    /// <param name="claimed">Whose it claims to be.</param>
    /// <param name="certificate">The certificate in it, decoded but not verified; the caller disposes it. Null when refused.</param>
    public ControlRefusal CheckAttach(AttachSession request, out Attach? attach, out PeerIdentity claimed, out X509Certificate2? certificate)
    {
        certificate = null;
        attach = null;
        claimed = default;
        if (!IsNumber(request.SessionId))
        {
            return ControlRefusal.Malformed("session_id is not 1..2^63-1.");
        }

        if (request.Transport is not ("tcp" or "udp") || !IsAddress(request.Address))
        {
            return ControlRefusal.Malformed("transport or address.");
        }

        if (!TryParse(Attach.Parser, request.Attach, EdgeGuardLimits.MaxAttachBytes, out attach))
        {
            return ControlRefusal.Malformed("attach.");
        }

        var reason = CertificateProfile.TryLoad(attach.Certificate.Span, out certificate);
        if (reason != Reason.None)
        {
            return new ControlRefusal(reason, "The certificate does not parse.");
        }

        var refusal = CheckCertificate(certificate!, attach, out claimed);
        if (refusal.IsRefused)
        {
            certificate!.Dispose();
            certificate = null;
        }

        return refusal;
    }

    private ControlRefusal CheckCertificate(X509Certificate2 certificate, Attach attach, out PeerIdentity claimed)
    {
        var reason = CertificateProfile.ReadIdentity(certificate, out claimed);
        if (reason != Reason.None)
        {
            return new ControlRefusal(reason, "The certificate is not of the profile.");
        }

        if (claimed.Role is not (PeerRole.Device or PeerRole.Node))
        {
            return new ControlRefusal(Reason.CertificateWrongRole, "Neither a device nor a node.");
        }

        return IsTag(claimed.Root, attach.TenantTag) ? ControlRefusal.None : new ControlRefusal(Reason.UnknownTenant, "The tenant's tag does not fit.");
    }

    /// <summary>OpenTunnel: a device's identity, a session of this edge. Whether the device has that session is the device grain's to know.</summary>
    public static ControlRefusal CheckOpen(OpenTunnel request, out PeerIdentity device)
    {
        var refusal = CheckPeer(request.Identity, request.SessionId, request.Generation, out device);
        if (refusal.IsRefused)
        {
            return refusal;
        }

        if (device.Role != PeerRole.Device)
        {
            return new ControlRefusal(Reason.NotPermitted, "Only devices open tunnels.");
        }

        var isNodeId = request.NodeId.Length == 0 || NameRules.IsName(request.NodeId);
        return isNodeId && new Channel(request.Channel).Index != 0 ? ControlRefusal.None : ControlRefusal.Malformed("node_id or channel.");
    }

    /// <summary>One entry of SessionsEnded.</summary>
    public static ControlRefusal CheckEnded(SessionEnded ended, out PeerIdentity peer) =>
        ended.Reason > int.MaxValue
            ? Fail(ControlRefusal.Malformed("reason."), out peer)
            : CheckPeer(ended.Identity, ended.SessionId, ended.Generation, out peer);

    /// <summary>One entry of RenewLeases or TunnelsEnded.</summary>
    public static bool TryReadLease(LeaseReport report, [NotNullWhen(true)] out string? tunnelKey, [NotNullWhen(true)] out LeaseUsage? usage)
    {
        usage = null;
        if (!GrainKeys.TryParseLease(report.LeaseId, out tunnelKey, out var tunnelId) || report.Reason > int.MaxValue)
        {
            tunnelKey = null;
            return false;
        }

        usage = new LeaseUsage
        {
            TunnelId = tunnelId,
            IsDeviceSide = report.FromDeviceSide,
            FramesIn = report.FramesIn,
            BytesIn = report.BytesIn,
            FramesOut = report.FramesOut,
            BytesOut = report.BytesOut,
            Dropped = report.Dropped,
            Reason = ReasonText.FromWire(report.Reason),
            IsOverUdp = report.OverUdp,
        };
        return true;
    }

    /// <summary>EnrolDevice: the tag is checked before any grain hears of it.</summary>
    public ControlRefusal CheckEnrol(EnrolDevice request, out TenantId tenant)
    {
        tenant = default;
        if (!IsAddress(request.Address) || !TryParse(Enrol.Parser, request.Enrol, EdgeGuardLimits.MaxEnrolmentBytes, out var enrol))
        {
            return ControlRefusal.Malformed("enrol or address.");
        }

        return enrol.ActivationId.Length == EnrolmentIdCharacters
            ? CheckTenant(enrol.TenantId, enrol.TenantTag, out tenant)
            : ControlRefusal.Malformed("activation_id.");
    }

    /// <summary>Parses bytes of a peer, of bounded length.</summary>
    public static bool TryParse<T>(MessageParser<T> parser, ByteString bytes, int maxBytes, [NotNullWhen(true)] out T? parsed)
        where T : class, IMessage<T>
    {
        parsed = null;
        if (bytes.Length == 0 || bytes.Length > maxBytes)
        {
            return false;
        }

        try
        {
            parsed = parser.ParseFrom(bytes);
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            // A peer fault.
            return false;
        }
    }

    /// <summary>Whether a text can be the network address of a peer: bounded and printable, since it is shown to administrators.</summary>
    public static bool IsAddress(string text) =>
        text.Length <= EdgeGuardLimits.MaxAddressCharacters && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or ':' or '[' or ']' or '%');

    private const int EnrolmentIdCharacters = 22;

    private static ControlRefusal CheckPeer(string identity, ulong sessionId, ulong generation, out PeerIdentity peer)
    {
        if (!PeerIdentity.TryParse(identity, out peer) || peer.Role is not (PeerRole.Device or PeerRole.Node))
        {
            return ControlRefusal.Malformed("identity.");
        }

        return IsNumber(sessionId) && IsNumber(generation) ? ControlRefusal.None : ControlRefusal.Malformed("session_id or generation is not 1..2^63-1.");
    }

    private ControlRefusal CheckTenant(string text, ByteString tag, out TenantId tenant) =>
        TenantId.TryParse(text, out tenant) && IsTag(tenant, tag) ? ControlRefusal.None : new ControlRefusal(Reason.UnknownTenant, "The tenant's tag does not fit.");

    private bool IsTag(TenantId tenant, ByteString tag) => tag.Length == TenantTags.TagBytes && isTenantTag(tenant, tag.Memory);

    private static bool IsNumber(ulong value) => value is > 0 and <= long.MaxValue;

    private static ControlRefusal Fail(ControlRefusal refusal, out PeerIdentity peer)
    {
        peer = default;
        return refusal;
    }
}
