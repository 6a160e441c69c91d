namespace OrleansUem.Agent.Tunnel;

/// <summary>What one call took of several packets.</summary>
/// <param name="Count">How many.</param>
/// <param name="Bytes">Of all of them.</param>
public readonly record struct TakenPackets(int Count, int Bytes);
