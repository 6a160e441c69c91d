namespace OrleansUem.Agent.Identity;

/// <summary>The state directory can't be used. The text says what is wrong with which file and what to do.</summary>
public sealed class AgentStateException : Exception
{
    public AgentStateException()
    {
    }

    public AgentStateException(string message)
        : base(message)
    {
    }

    public AgentStateException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
