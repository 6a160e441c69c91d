namespace OrleansUem.Silo.State;

/// <summary>The state directory can't be used. The text is one line for the operator: what is wrong, where, and what to do.</summary>
public sealed class SiloStateException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="text">What is wrong and what to do.</param>
    /// <param name="inner">The cause.</param>
    public SiloStateException(string text, Exception? inner = null)
        : base(text, inner)
    {
    }
}
