using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Invitations;

/// <summary>An invitation's life. Pure; time is an argument. The caller stores the next state before it answers, when it is another object.</summary>
internal static class InvitationRules
{
    /// <summary>Protocol/README.md, Activation, invitation, join.</summary>
    internal const int MaxWrongAttempts = 5;

    internal const int MaxAnswerBytes = 8_192;

    private const int MaxNameCharacters = 64;

    internal static (InvitationReserved Answer, InvitationState Next) Create(InvitationState state, InvitationSpec spec)
    {
        if (spec.Kind is not (InvitationKind.Tenant or InvitationKind.Edge)
            || spec.Secret.Length != EnrolmentSecret.SecretBytes
            || spec.Name.Length > MaxNameCharacters)
        {
            return (new InvitationReserved { Reason = Reason.BadRequest }, state);
        }

        if (state.Kind != InvitationKind.Unspecified)
        {
            var isSame = state.Kind == spec.Kind && EnrolmentSecret.Matches(state.Secret.Span, spec.Secret.Span);
            return (new InvitationReserved { Reason = isSame ? Reason.None : Reason.AlreadyRegistered, Name = state.Name }, state);
        }

        var next = new InvitationState { Kind = spec.Kind, Secret = spec.Secret, ExpiresUnixMs = spec.ExpiresUnixMs, Name = spec.Name };
        return (new InvitationReserved { Name = spec.Name }, next);
    }

    internal static (InvitationReserved Answer, InvitationState Next) Reserve(InvitationState state, InvitationClaim claim, DateTimeOffset now)
    {
        if (state.Kind == InvitationKind.Unspecified || state.Kind != claim.Kind || state.IsRevoked)
        {
            return (Refuse(Reason.UnknownInvitation), state);
        }

        if (!state.UsedMac.IsEmpty)
        {
            return EnrolmentSecret.Matches(state.UsedMac.Span, claim.Mac.Span)
                ? (new InvitationReserved { IsReplay = true, Answer = state.Answer, AnswerMac = state.AnswerMac, Name = state.Name }, state)
                : (Refuse(Reason.UnknownInvitation), state);
        }

        if (state.WrongAttempts >= MaxWrongAttempts)
        {
            return (Refuse(Reason.TooManyAttempts), state);
        }

        if (now.ToUnixTimeMilliseconds() >= state.ExpiresUnixMs)
        {
            return (Refuse(Reason.InvitationExpired), state);
        }

        var expected = EnrolmentSecret.RequestMac(state.Secret.Span, Label(state.Kind), Parts(claim.Parts));
        if (!EnrolmentSecret.Matches(expected, claim.Mac.Span))
        {
            return (Refuse(Reason.UnknownInvitation), state with { WrongAttempts = state.WrongAttempts + 1 });
        }

        var next = EnrolmentSecret.Matches(state.ReservedMac.Span, claim.Mac.Span) ? state : state with { ReservedMac = claim.Mac };
        return (new InvitationReserved { Name = state.Name }, next);
    }

    internal static (InvitationCommitted Answer, InvitationState Next) Commit(InvitationState state, InvitationCommit commit)
    {
        if (!state.UsedMac.IsEmpty)
        {
            return EnrolmentSecret.Matches(state.UsedMac.Span, commit.Mac.Span)
                ? (new InvitationCommitted { Answer = state.Answer, AnswerMac = state.AnswerMac }, state)
                : (new InvitationCommitted { Reason = Reason.UnknownInvitation }, state);
        }

        if (state.IsRevoked || state.ReservedMac.IsEmpty || !EnrolmentSecret.Matches(state.ReservedMac.Span, commit.Mac.Span))
        {
            return (new InvitationCommitted { Reason = Reason.UnknownInvitation }, state);
        }

        if (commit.Answer.Length > MaxAnswerBytes)
        {
            return (new InvitationCommitted { Reason = Reason.BadRequest }, state);
        }

        var mac = EnrolmentSecret.AnswerMac(state.Secret.Span, Label(state.Kind), Parts([commit.Mac, .. commit.AnswerParts]));
        var next = state with
        {
            Secret = default,
            ReservedMac = default,
            UsedMac = commit.Mac,
            Answer = commit.Answer,
            AnswerMac = mac,
        };
        return (new InvitationCommitted { Answer = commit.Answer, AnswerMac = mac }, next);
    }

    private static InvitationReserved Refuse(Reason reason) => new() { Reason = reason };

    private static string Label(InvitationKind kind) =>
        kind == InvitationKind.Tenant ? EnrolmentSecret.Invitation : EnrolmentSecret.Join;

    private static byte[][] Parts(IEnumerable<ReadOnlyMemory<byte>> parts) => [.. parts.Select(part => part.ToArray())];
}
