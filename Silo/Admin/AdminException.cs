namespace OrleansUem.Silo.Admin;

/// <summary>The admin API said no, or is not there. The text is one line for the operator.</summary>
public sealed class AdminException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="text">What is wrong and what to do.</param>
    /// <param name="inner">The cause.</param>
    public AdminException(string text, Exception? inner = null)
        : base(text, inner)
    {
    }
}
