namespace OrleansUem.Embedded.Runtime;

/// <summary>What one thread knows about the calls that run inline on it.</summary>
internal sealed class InlineLane
{
    [ThreadStatic]
    private static InlineLane? _current;

    internal static InlineLane Current => _current ??= new InlineLane();

    /// <summary>Inline calls below the current one.</summary>
    internal int Depth { get; set; }

    /// <summary>Inline calls since the thread last took work from the pool.</summary>
    internal int Count { get; set; }

    /// <summary>One time stamp for all timeouts of a chain of inline calls, so that the outermost is not the last; zero for none.</summary>
    internal long ChainStamp { get; set; }

    /// <summary>The activation that may run one task on this thread at once.</summary>
    internal Activation? Grant { get; set; }
}
