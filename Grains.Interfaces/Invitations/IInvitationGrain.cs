namespace OrleansUem.Grains.Interfaces;

/// <summary>
/// A tenant's invitation or an edge's join token, key its id. Holds the secret, checks MACs, counts wrong attempts (void after five) and is used up
/// once. What a request asks for is made outside (a certificate needs the installation's key), so it is two steps: reserve, then
/// commit with the answer; a crash between them leaves the invitation usable.
/// </summary>
[Alias("uem.IInvitationGrain")]
public interface IInvitationGrain : IGrainWithStringKey
{
    /// <summary>Makes it. Called by the administrator's interface. Idempotent with the same secret; durable on return.</summary>
    /// <param name="spec">What it is.</param>
    /// <returns>None, AlreadyRegistered (another one has this id) or BadRequest.</returns>
    [Alias("Create")]
    Task<InvitationReserved> CreateAsync(InvitationSpec spec);

    /// <summary>Checks a request. A wrong attempt is durable before the answer. Idempotent for the same request.</summary>
    /// <param name="claim">The request.</param>
    /// <returns>Whether to serve it, or the answer of before.</returns>
    [Alias("Reserve")]
    Task<InvitationReserved> ReserveAsync(InvitationClaim claim);

    /// <summary>Uses it up. Durable on return; idempotent for the same request, which gets the first answer.</summary>
    /// <param name="commit">The answer.</param>
    /// <returns>The MAC to send with it.</returns>
    [Alias("Commit")]
    Task<InvitationCommitted> CommitAsync(InvitationCommit commit);

    /// <summary>Makes it void. Durable on return; idempotent.</summary>
    /// <returns>A task.</returns>
    [Alias("Revoke")]
    Task RevokeAsync();
}
