namespace OrleansUem.Dtls.Native;

/// <summary>What a native call came to.</summary>
internal enum SslOutcome
{
    Done,
    WantDatagram,
    PeerClosed,
    Failed,
}
