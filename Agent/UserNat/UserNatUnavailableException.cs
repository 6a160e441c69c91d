namespace OrleansUem.Agent.UserNat;

/// <summary>The user-mode NAT can't be had here. The message says what the operator can do about it.</summary>
public sealed class UserNatUnavailableException : Exception
{
    public UserNatUnavailableException()
    {
    }

    public UserNatUnavailableException(string message)
        : base(message)
    {
    }

    public UserNatUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
