namespace OrleansUem.Silo;

/// <summary>The silo can't be set up or started. The text is one line for the operator: what is wrong, where, and what to do.</summary>
public sealed class SiloStartException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="text">What is wrong and what to do.</param>
    /// <param name="inner">The cause.</param>
    public SiloStartException(string text, Exception? inner = null)
        : base(text, inner)
    {
    }
}
