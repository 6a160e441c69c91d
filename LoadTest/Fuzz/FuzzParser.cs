namespace OrleansUem.LoadTest.Fuzz;

/// <summary>
/// A parser of untrusted bytes under test, with whatever it needs around it. Inputs come one after the other; what one input leaves behind must not decide how the next is judged, or a failing
/// input could not be replayed alone.
/// </summary>
internal abstract class FuzzParser : IDisposable
{
    /// <summary>Inputs to begin with that need keys, and so can't stand in a corpus file.</summary>
    public virtual IReadOnlyList<byte[]> Seeds => [];

    /// <summary>Feeds one input.</summary>
    /// <returns>True when the parser took it, false when it refused it in the documented way. Anything else throws.</returns>
    public abstract bool Take(ReadOnlySpan<byte> input);

    public void Dispose() => Close();

    /// <summary>Gives back what the parser needed around it.</summary>
    protected virtual void Close()
    {
    }

    /// <summary>States what must hold of an accepted input.</summary>
    protected static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException(what);
        }
    }
}
