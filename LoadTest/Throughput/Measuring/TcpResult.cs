namespace OrleansUem.LoadTest.Throughput.Measuring;

/// <summary>A TCP measurement.</summary>
/// <param name="BitsPerSecond">At the receiver, all streams together.</param>
/// <param name="Bytes">That arrived.</param>
/// <param name="Retransmits">Segments that the sender repeated.</param>
internal readonly record struct TcpResult(double BitsPerSecond, double Bytes, double Retransmits);
