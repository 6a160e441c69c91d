namespace OrleansUem.Embedded;

/// <summary>A reminder can't be changed as asked.</summary>
public sealed class ReminderException : OrleansException
{
    /// <summary>A failure without words.</summary>
    public ReminderException()
    {
    }

    /// <summary>A failure in words.</summary>
    public ReminderException(string message)
        : base(message)
    {
    }

    /// <summary>A failure with its cause.</summary>
    public ReminderException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
