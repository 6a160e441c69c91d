namespace OrleansUem.Agent.Tun;

/// <summary>What became of the packets that a <see cref="TunWriter"/> was given.</summary>
/// <param name="Packets">Packets that the kernel took, each of a super-packet counted.</param>
/// <param name="Bytes">Their bytes, headers included.</param>
/// <param name="Dropped">Packets that the kernel did not take.</param>
public readonly record struct TunWriterTotals(int Packets, long Bytes, int Dropped);
