using Microsoft.Extensions.Logging;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Grains.Inventory;
using OrleansUem.Grains.Storage;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Invitations;

/// <summary>An invitation or join token: everything is stored, nobody else is told.</summary>
public sealed partial class InvitationGrain(
    [PersistentState("invitation")] IPersistentState<InvitationState> state,
    TimeProvider time,
    IInventory inventory,
    ILogger<InvitationGrain> logger) : Grain, IInvitationGrain
{
    public async Task<InvitationReserved> CreateAsync(InvitationSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var (answer, next) = InvitationRules.Create(state.State, spec);
        await StoreAsync(next);
        return answer;
    }

    public async Task<InvitationReserved> ReserveAsync(InvitationClaim claim)
    {
        ArgumentNullException.ThrowIfNull(claim);
        var (answer, next) = InvitationRules.Reserve(state.State, claim, time.GetUtcNow());
        await StoreAsync(next);
        if (answer.Reason != Reason.None)
        {
            LogRefused(answer.Reason, state.State.WrongAttempts);
        }

        return answer;
    }

    public async Task<InvitationCommitted> CommitAsync(InvitationCommit commit)
    {
        ArgumentNullException.ThrowIfNull(commit);
        var (answer, next) = InvitationRules.Commit(state.State, commit);
        await StoreAsync(next);
        return answer;
    }

    public Task RevokeAsync() => state.State.Kind == InvitationKind.Unspecified
        ? Task.CompletedTask
        : StoreAsync(state.State with { IsRevoked = true, Secret = default });

    private async Task StoreAsync(InvitationState next)
    {
        if (ReferenceEquals(next, state.State))
        {
            return;
        }

        await state.ReplaceAsync(next);
        inventory.Tell(new InvitationRow
        {
            At = time.GetUtcNow(),
            InvitationId = this.GetPrimaryKeyString(),
            Kind = next.Kind,
            Name = next.Name,
            ExpiresUnixMs = next.ExpiresUnixMs,
            WrongAttempts = next.WrongAttempts,
            IsUsed = !next.UsedMac.IsEmpty,
            IsRevoked = next.IsRevoked,
        });
    }

    [LoggerMessage(3600, LogLevel.Warning, "An invitation's request is refused: {Reason}, {WrongAttempts} wrong attempts")]
    private partial void LogRefused(Reason reason, int wrongAttempts);
}
