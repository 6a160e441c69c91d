using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Sessions;

/// <summary>The judgement on an administrator's cut.</summary>
/// <param name="Reason">None: it is done.</param>
/// <param name="Detail">For people.</param>
/// <param name="Next">The state to store before an edge is told.</param>
/// <param name="NeedsCut">Whether edges have to be told.</param>
/// <param name="EndsSession">Whether the last session ends by it.</param>
/// <param name="GenerationThrough">For the ledger.</param>
internal sealed record PeerCutDecision(
    Reason Reason, string Detail, AttachState Next, bool NeedsCut, bool EndsSession, ulong GenerationThrough);
