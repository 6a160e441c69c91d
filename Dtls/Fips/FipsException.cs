namespace OrleansUem.Dtls.Fips;

/// <summary>FIPS mode was asked for and can't be had. One line that says what is missing and what to do; the process must not go on.</summary>
public sealed class FipsException : Exception
{
    /// <summary>Makes it.</summary>
    /// <param name="text">The line.</param>
    public FipsException(string text)
        : base(text)
    {
    }
}
