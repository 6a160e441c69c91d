namespace OrleansUem.Dtls;

/// <summary>Takes the datagrams a session emits.</summary>
public interface IDtlsOutput
{
    /// <summary>
    /// Called synchronously inside a call on the session, once per datagram, which is at most
    /// <see cref="DtlsContextOptions.MaxDatagramBytes"/> long. The span is valid during the call only. An
    /// implementation sends,
    /// queues or drops; it may call other sessions, but never the session it serves. An exception is rethrown by the
    /// session's method after libssl has returned.
    /// </summary>
    void Send(ReadOnlySpan<byte> datagram);
}
