namespace OrleansUem.Agent.Apps;

/// <summary>The apps' network, or a process in it, could not be made. The message is one line for a person and says what to do.</summary>
public sealed class AppNetworkException : Exception
{
    public AppNetworkException()
    {
    }

    public AppNetworkException(string message)
        : base(message)
    {
    }

    public AppNetworkException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
