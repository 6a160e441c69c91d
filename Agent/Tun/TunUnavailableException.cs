namespace OrleansUem.Agent.Tun;

/// <summary>A TUN device could not be opened. The message says what the operator can do about it.</summary>
public sealed class TunUnavailableException : Exception
{
    public TunUnavailableException()
    {
    }

    public TunUnavailableException(string message)
        : base(message)
    {
    }

    public TunUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
