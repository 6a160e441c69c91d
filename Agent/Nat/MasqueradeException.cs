namespace OrleansUem.Agent.Nat;

/// <summary>Address translation could not be set up. The message says what the operator can do about it.</summary>
public sealed class MasqueradeException : Exception
{
    public MasqueradeException()
    {
    }

    public MasqueradeException(string message)
        : base(message)
    {
    }

    public MasqueradeException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
