namespace OrleansUem.Transport.Health;

/// <summary>Why a process should get no new work now. Strangers may read it: no name, address or secret.</summary>
/// <param name="Check">What was looked at, one word: <c>start</c>, <c>drain</c>, <c>storage</c>, <c>silo</c>.</param>
/// <param name="Detail">One sentence.</param>
public sealed record HealthFault(string Check, string Detail);
