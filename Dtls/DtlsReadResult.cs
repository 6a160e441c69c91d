namespace OrleansUem.Dtls;

/// <summary>Result of <see cref="DtlsSession.Receive"/> and <see cref="DtlsSession.ReceiveNext"/>.</summary>
/// <param name="Status">What happened.</param>
/// <param name="PlaintextBytes">Bytes written to the caller's buffer; 0 unless Status is ApplicationData.</param>
/// <param name="HasMore">The datagram held further records: call <see cref="DtlsSession.ReceiveNext"/>.</param>
public readonly record struct DtlsReadResult(DtlsReadStatus Status, int PlaintextBytes, bool HasMore);
