using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Identity;

/// <summary>
/// The node's side of an invitation: registers its tenant's root with the installation. The root's key signs the proof of possession; the secret's
/// MACs tie request and answer together.
/// </summary>
public static class TenantRegistrationExchange
{
    /// <summary>The most characters of a tenant's name.</summary>
    public const int MaxNameCharacters = 64;

    /// <summary>Registers. Idempotent for the same root and invitation: an answer that was lost is given again.</summary>
    /// <param name="invitation">The invitation.</param>
    /// <param name="tenant">The tenant's authority; its root is sent, its key signs.</param>
    /// <param name="name">What people call the tenant, 1..<see cref="MaxNameCharacters"/> characters.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Gets retries.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What the node stores.</returns>
    /// <exception cref="EnrolmentException">Refused or not reachable; the text says what to do.</exception>
    public static Task<TenantRegistration> RegisterAsync(
        EnrolmentUri invitation,
        CertificateAuthority tenant,
        string name,
        TimeProvider time,
        ILogger logger,
        CancellationToken cancellationToken)
    {
        var request = CreateRequest(invitation, tenant, name);
        return DeviceEnrolment.RetryAsync(() => AskAsync(invitation, request, time, cancellationToken), time, logger, cancellationToken);
    }

    /// <summary>Makes the payload of REGISTERTENANT.</summary>
    /// <param name="invitation">The invitation.</param>
    /// <param name="tenant">The tenant's authority.</param>
    /// <param name="name">What people call the tenant.</param>
    /// <exception cref="EnrolmentException">Not an invitation, or the name is out of its range.</exception>
    public static RegisterTenant CreateRequest(EnrolmentUri invitation, CertificateAuthority tenant, string name)
    {
        ArgumentNullException.ThrowIfNull(invitation);
        ArgumentNullException.ThrowIfNull(tenant);
        if (invitation.Kind != EnrolmentKind.Invite)
        {
            throw new EnrolmentException(Reason.BadRequest, "This text is not an invitation: it must begin with uem://invite/.");
        }

        if (string.IsNullOrWhiteSpace(name) || name.Length > MaxNameCharacters || name.Any(char.IsControl))
        {
            throw new EnrolmentException(Reason.BadRequest, $"The tenant's name '{name}' must have 1 to {MaxNameCharacters} printable characters.");
        }

        var content = EnrolmentMacs.RegistrationContent(invitation.Installation, invitation.Id);
        var root = tenant.Root.RawData;
        return new RegisterTenant
        {
            InvitationId = invitation.Id,
            Root = ByteString.CopyFrom(root),
            Proof = ByteString.CopyFrom(tenant.Sign(SignedText.Register, content)),
            Mac = ByteString.CopyFrom(
                EnrolmentMacs.InvitationRequest(invitation.Secret.Span, invitation.Installation, invitation.Id, root)),
            Name = name,
        };
    }

    /// <summary>Judges the answer.</summary>
    /// <param name="invitation">The invitation.</param>
    /// <param name="request">What was asked.</param>
    /// <param name="answer">As received.</param>
    /// <returns>The tenant's tag.</returns>
    /// <exception cref="EnrolmentException">Refused, or not the installation's answer.</exception>
    public static ReadOnlyMemory<byte> Judge(EnrolmentUri invitation, RegisterTenant request, TenantRegistered answer)
    {
        ArgumentNullException.ThrowIfNull(invitation);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(answer);
        var reason = ReasonText.FromWire(answer.Reason);
        if (reason != Reason.None)
        {
            throw Refusals.Explain(reason, answer.Detail);
        }

        var expected = EnrolmentMacs.InvitationAnswer(invitation.Secret.Span, request.Mac.Span, answer.TenantTag.Span);
        if (answer.TenantTag.Length != TenantTags.TagBytes || !EnrolmentSecret.Matches(expected, answer.Mac.Span))
        {
            throw new EnrolmentException(
                Reason.BadSignature, "Refused the relay's answer: it was not made with the invitation's secret. Ask for a new invitation.");
        }

        return answer.TenantTag.ToByteArray();
    }

    private static async Task<TenantRegistration> AskAsync(
        EnrolmentUri invitation, RegisterTenant request, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var connection = await EnrolmentConnection.OpenAsync(invitation, time, cancellationToken);
        var payload = await connection.AskAsync(FrameType.RegisterTenant, request, FrameType.TenantRegistered, cancellationToken);
        TenantRegistered answer;
        try
        {
            answer = TenantRegistered.Parser.ParseFrom(payload);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new EnrolmentException(Reason.MalformedFrame, "The relay's answer does not parse. Update this program.", e);
        }

        var tag = Judge(invitation, request, answer);
        return new TenantRegistration(
            tag,
            X509CertificateLoader.LoadCertificate(connection.InstallationRoot!.RawData),
            new RelayAddress(invitation.Host, invitation.Port));
    }
}
