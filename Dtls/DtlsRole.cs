namespace OrleansUem.Dtls;

/// <summary>Which end of the DTLS handshake a context serves (RFC 6347).</summary>
public enum DtlsRole
{
    Unspecified = 0,
    Client = 1,
    Server = 2,
}
