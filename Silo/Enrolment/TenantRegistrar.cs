using System.Text;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Silo.Control;
using OrleansUem.Silo.State;

namespace OrleansUem.Silo.Enrolment;

/// <summary>
/// Registers a tenant's root: an invitation of this installation, a root of our profile, possession of its key, the invitation's MAC. The tag goes out
/// only after the tenant is durable. What is wrong with a registration travels inside TenantRegistered; the control answer says None.
/// </summary>
internal sealed partial class TenantRegistrar(SiloState state, IGrainFactory grains, ILogger<TenantRegistrar> logger)
{
    /// <summary>Serves RegisterTenantRoot.</summary>
    /// <param name="request">The request.</param>
    /// <returns>The answer, without an id.</returns>
    public async Task<ControlAnswer> RegisterAsync(RegisterTenantRoot request)
    {
        if (!EdgeGuard.IsAddress(request.Address)
            || !EdgeGuard.TryParse(RegisterTenant.Parser, request.Register, EdgeGuardLimits.MaxEnrolmentBytes, out var register))
        {
            return ControlRefusal.Malformed("register or address.").ToAnswer();
        }

        var registered = await RegisterAsync(register);
        return new ControlAnswer { TenantRegistered = new RegisteredTenantRoot { Registered = registered.ToByteString() } };
    }

    private async Task<TenantRegistered> RegisterAsync(RegisterTenant request)
    {
        if (!state.IsInvitationId(request.InvitationId))
        {
            return Refuse(Reason.UnknownInvitation);
        }

        var refusal = Check(request, state.Installation, out var tenant);
        if (refusal.IsRefused)
        {
            return Refuse(refusal.Reason, refusal.Detail);
        }

        var invitation = grains.GetGrain<IInvitationGrain>(request.InvitationId);
        var reserved = await invitation.ReserveAsync(new InvitationClaim
        {
            Kind = InvitationKind.Tenant,
            Parts = [Ascii(state.Installation.Text), Ascii(request.InvitationId), request.Root.Memory],
            Mac = request.Mac.Memory,
        });
        if (reserved.Reason != Reason.None)
        {
            return Refuse(reserved.Reason);
        }

        if (reserved.IsReplay)
        {
            return Answer(reserved.Answer, reserved.AnswerMac);
        }

        var admission = await grains.GetGrain<ITenantGrain>(GrainKeys.Tenant(tenant)).RegisterAsync(new TenantRegistration
        {
            Root = request.Root.Memory,
            Name = request.Name,
            InvitationId = request.InvitationId,
        });
        if (admission.Reason != Reason.None)
        {
            return Refuse(admission.Reason, admission.Detail);
        }

        ReadOnlyMemory<byte> tag = state.CreateTenantTag(tenant);
        var committed = await invitation.CommitAsync(new InvitationCommit { Mac = request.Mac.Memory, AnswerParts = [tag], Answer = tag });
        if (committed.Reason != Reason.None)
        {
            return Refuse(committed.Reason);
        }

        LogRegistered(logger, tenant.Short);
        return Answer(committed.Answer, committed.AnswerMac);
    }

    /// <summary>What can be judged without a grain: any bytes in.</summary>
    internal static ControlRefusal Check(RegisterTenant request, TenantId installation, out TenantId tenant)
    {
        tenant = default;
        if (request.Name.Length is 0 or > EdgeGuardLimits.MaxTenantNameCharacters || request.Name.Any(char.IsControl))
        {
            return ControlRefusal.Malformed($"name is not 1..{EdgeGuardLimits.MaxTenantNameCharacters} printable characters.");
        }

        var reason = CertificateProfile.TryLoad(request.Root.Span, out var root);
        if (reason != Reason.None)
        {
            return new ControlRefusal(reason, "The root does not parse.");
        }

        using (root)
        {
            if (!CertificateProfile.IsRoot(root!))
            {
                return new ControlRefusal(Reason.CertificateMalformed, "The certificate is no root of the profile.");
            }

            tenant = TenantId.FromRoot(root!);

            // A tenant with the installation's root could issue edges.
            if (tenant == installation)
            {
                return new ControlRefusal(Reason.NotPermitted, "That is the installation's root.");
            }

            return EnrolmentMacs.VerifyRegistrationProof(root!, installation, request.InvitationId, request.Proof.Span)
                ? ControlRefusal.None
                : new ControlRefusal(Reason.BadSignature, "The proof of possession does not verify.");
        }
    }

    private static TenantRegistered Answer(ReadOnlyMemory<byte> tag, ReadOnlyMemory<byte> mac) =>
        new() { TenantTag = ByteString.CopyFrom(tag.Span), Mac = ByteString.CopyFrom(mac.Span) };

    private static TenantRegistered Refuse(Reason reason, string detail = "") => new() { Reason = (uint)reason, Detail = ReasonText.Cut(detail) };

    private static ReadOnlyMemory<byte> Ascii(string text) => Encoding.ASCII.GetBytes(text);
}
