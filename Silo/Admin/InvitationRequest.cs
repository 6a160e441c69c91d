namespace OrleansUem.Silo.Admin;

/// <summary>POST /v1/invitations: lets one node register its tenant.</summary>
/// <param name="RelayHost">Name or address of the edge that the node dials.</param>
/// <param name="RelayPort">Its port for nodes.</param>
/// <param name="Name">A note for people, 0..64 characters.</param>
/// <param name="LifetimeMinutes">1..43,200; null: a day.</param>
public sealed record InvitationRequest(string? RelayHost, int RelayPort, string? Name = null, int? LifetimeMinutes = null);
