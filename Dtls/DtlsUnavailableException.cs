namespace OrleansUem.Dtls;

/// <summary>OpenSSL 3 is missing or too old on this machine. The text names the package to install.</summary>
public sealed class DtlsUnavailableException : Exception
{
    public DtlsUnavailableException(string text)
        : base(text)
    {
    }

    public DtlsUnavailableException(string text, Exception cause)
        : base(text, cause)
    {
    }
}
