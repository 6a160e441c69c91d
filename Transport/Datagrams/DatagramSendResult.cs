using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport.Datagrams;

/// <summary>What became of the datagrams of one send.</summary>
/// <param name="Sent">Datagrams that the kernel took.</param>
/// <param name="Dropped">Those that it did not.</param>
/// <param name="Reason">Why not; Unspecified when all were taken.</param>
public readonly record struct DatagramSendResult(int Sent, int Dropped, DropReason Reason);
