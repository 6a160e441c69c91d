namespace OrleansUem.Protocol.Session;

/// <summary>What to do after a session ended.</summary>
/// <param name="IsFatal">True: only a person can help, see the reason; the delay is meaningless.</param>
/// <param name="Delay">How long to wait before the next attempt.</param>
/// <param name="Failures">The count to pass to the next decision.</param>
public readonly record struct ReconnectDecision(bool IsFatal, TimeSpan Delay, int Failures);
