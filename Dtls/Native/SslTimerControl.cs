namespace OrleansUem.Dtls.Native;

/// <summary>
/// How libssl's retransmission timer follows the caller's clock.
/// <para>
/// libssl keeps one deadline in wall-clock time and retransmits on its own, inside any read, once that has passed;
/// DTLSv1_handle_timeout does nothing before. A tiny
/// interval from DTLS_set_timer_cb would therefore retransmit in a loop inside the first read, and a long one would
/// make the caller's timer powerless.
/// </para>
/// </summary>
internal enum SslTimerControl
{
    /// <summary>
    /// The timer never expires by itself: the callback answers one hour, and when the caller's deadline is due the
    /// engine sets libssl's deadline into the past through the pointer
    /// that BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT carries. Exact on any clock, virtual ones too. The pointer is the live
    /// field in OpenSSL 3.0 and 3.1, which <see cref="SslTimerProbe"/> verifies.
    /// </summary>
    Direct,

    /// <summary>
    /// The pointer is a copy (OpenSSL 3.2 and newer): the callback answers the session's own interval, so libssl's
    /// timer and the caller's are due together.
    /// libssl rounds 15 ms down and may retransmit inside a read that comes a little early; where it is late the
    /// session asks again after the rest. Follows real time only.
    /// </summary>
    Aligned,

    /// <summary>Used by the probe only: moves the deadline during the callback, where the pointer is valid in every
    /// version.</summary>
    Probe,
}
