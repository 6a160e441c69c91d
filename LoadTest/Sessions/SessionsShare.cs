namespace OrleansUem.LoadTest.Sessions;

/// <summary>The devices of one process.</summary>
/// <param name="First">Number of the first.</param>
/// <param name="Count">How many.</param>
/// <param name="Concurrency">Set-ups at a time.</param>
/// <param name="UsesUdp">Whether their data goes over UDP.</param>
public sealed record SessionsShare(int First, int Count, int Concurrency, bool UsesUdp);
