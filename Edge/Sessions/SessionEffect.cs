using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Sessions;

/// <summary>The effect of one event on a session.</summary>
/// <param name="Kind">What to do.</param>
/// <param name="Close">With <see cref="SessionEffectKind.Close"/>.</param>
public readonly record struct SessionEffect(SessionEffectKind Kind, Close? Close = null)
{
    internal static SessionEffect Closing(Reason reason, string detail = "") =>
        new(SessionEffectKind.Close, new Close { Reason = (uint)reason, Detail = ReasonText.Cut(detail) });
}
