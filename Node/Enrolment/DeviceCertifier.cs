using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using OrleansUem.Agent.Identity;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Queues;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Node.Enrolment;

/// <summary>
/// Answers ENROL: checks an activation and issues the device's certificate (Protocol/README.md "Activation"). The relay carries the bytes and may be hostile: it knows
/// no secret, so all it can do is to use up attempts and time. One caller at a time.
/// </summary>
internal sealed class DeviceCertifier(
    StateDirectory files, CertificateAuthority authority, TimeSpan validity, TimeProvider time)
{
    private const uint Version = 1;

    // A person activates one device at a time; a rollout by script has a burst.
    private readonly TokenBucket _rate = new(perSecond: 10, burst: 50);
    private readonly ActivationStore _activations = new(files);
    private readonly long _origin = time.GetTimestamp();

    /// <summary>Answers one request; whatever must last is on disk before this returns.</summary>
    /// <param name="enrol">As it came; any content.</param>
    /// <param name="device">The device, once the activation is known.</param>
    /// <exception cref="AgentStateException">The state directory can't be read or written.</exception>
    public EnrolAnswer Answer(Enrol enrol, out string? device)
    {
        var (reason, detail, grant) = Judge(enrol, out device);
        return new EnrolAnswer
        {
            RequestId = enrol.RequestId,
            Reason = (uint)reason,
            Detail = detail,
            Answer = grant is null ? ByteString.Empty : grant.ToByteString(),
        };
    }

    private (Reason Reason, string Detail, EnrolGrant? Grant) Judge(Enrol enrol, out string? device)
    {
        device = null;
        if (!_rate.TryTake(time.GetElapsedTime(_origin)))
        {
            return (Reason.Overloaded, "The node answers 10 enrolments a second.", null);
        }

        if (enrol.TenantId != authority.Id.Text)
        {
            return (Reason.UnknownTenant, "This node serves another tenant.", null);
        }

        if (!TryParse(enrol.Request, out var request))
        {
            return (Reason.MalformedFrame, "The request does not parse.", null);
        }

        if (request.Version != Version)
        {
            return (Reason.UnsupportedVersion, $"The node speaks version {Version} of the enrolment.", null);
        }

        if (_activations.Find(enrol.ActivationId) is not { } activation)
        {
            return (Reason.UnknownActivation, "No such activation.", null);
        }

        device = activation.Device;
        return JudgeActivation(activation, request);
    }

    private (Reason Reason, string Detail, EnrolGrant? Grant) JudgeActivation(Activation activation, EnrolRequest request)
    {
        if (activation.WrongAttempts >= Activation.WrongAttemptsMax)
        {
            return (Reason.TooManyAttempts, "The activation is void. Ask for a new one.", null);
        }

        if (time.GetUtcNow() >= activation.ExpiresAt)
        {
            return (Reason.ActivationExpired, "The activation's time is over. Ask for a new one.", null);
        }

        var secret = Convert.FromBase64String(activation.Secret);
        var expected = EnrolmentMacs.ActivationRequest(secret, authority.Id, activation.Id, request.Version, request.Csr.Span);
        if (!EnrolmentSecret.Matches(expected, request.Mac.Span))
        {
            // Counted on disk first: a relay that cuts the answer off gains no attempt.
            _activations.Put(activation with { WrongAttempts = activation.WrongAttempts + 1 });
            return (Reason.UnknownActivation, "The secret does not fit.", null);
        }

        var usedFor = Convert.ToBase64String(SHA256.HashData(request.Csr.Span));
        if (activation is { UsedFor: not null, Certificate: { } issued })
        {
            return activation.UsedFor == usedFor
                ? (Reason.None, "", Grant(secret, expected, Convert.FromBase64String(issued)))
                : (Reason.UnknownActivation, "The activation is used up. Ask for a new one.", null);
        }

        if (SigningRequest.TryRead(request.Csr.Span, out var publicKey) != Reason.None)
        {
            return (Reason.BadRequest, "The certificate request is not of our profile.", null);
        }

        var certificate = Issue(activation, publicKey!, usedFor);
        return (Reason.None, "", Grant(secret, expected, certificate));
    }

    private byte[] Issue(Activation activation, PublicKey publicKey, string usedFor)
    {
        var now = time.GetUtcNow();
        using var certificate = authority.Issue(publicKey, PeerRole.Device, activation.Device, now, validity);
        IssuedLedger.Add(files, certificate, PeerRole.Device, activation.Device, now);
        _activations.Put(activation with { UsedFor = usedFor, Certificate = Convert.ToBase64String(certificate.RawDataMemory.Span) });
        return certificate.RawData;
    }

    private EnrolGrant Grant(byte[] secret, byte[] requestMac, byte[] certificate)
    {
        var root = authority.Root.RawData;
        return new EnrolGrant
        {
            Certificate = ByteString.CopyFrom(certificate),
            Root = ByteString.CopyFrom(root),
            Mac = ByteString.CopyFrom(EnrolmentMacs.ActivationAnswer(secret, requestMac, certificate, root)),
        };
    }

    private static bool TryParse(ByteString bytes, out EnrolRequest request)
    {
        try
        {
            request = EnrolRequest.Parser.ParseFrom(bytes);
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            // A peer fault: bytes that are no Protobuf.
            request = new EnrolRequest();
            return false;
        }
    }
}
