namespace OrleansUem.Silo.Admin;

/// <summary>How far a cut went. It is durable in any case.</summary>
/// <param name="Sequence">Its number in the ledger; 0 when no session had to be cut.</param>
/// <param name="EdgesTold">Linked edges.</param>
/// <param name="EdgesAcknowledged">Those that said it is applied; the others get it when they link.</param>
public sealed record CutOutcome(ulong Sequence, int EdgesTold, int EdgesAcknowledged);
