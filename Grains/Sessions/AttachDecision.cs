using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Sessions;

/// <summary>The judgement on an attach.</summary>
/// <param name="Reason">None: accepted.</param>
/// <param name="Next">The state to store before the answer; the same object when there is nothing to store.</param>
/// <param name="Replaced">The session that ends because of this one, on any edge.</param>
internal sealed record AttachDecision(Reason Reason, AttachState Next, SessionKey? Replaced);
