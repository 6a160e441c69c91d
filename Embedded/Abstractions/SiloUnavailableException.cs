namespace OrleansUem.Embedded;

/// <summary>The host is stopped or not started: a call can't be served.</summary>
public sealed class SiloUnavailableException : OrleansException
{
    /// <summary>A failure with a default text.</summary>
    public SiloUnavailableException()
        : base("SiloUnavailableException")
    {
    }

    /// <summary>A failure in words.</summary>
    public SiloUnavailableException(string message)
        : base(message)
    {
    }

    /// <summary>A failure with its cause.</summary>
    public SiloUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
