namespace OrleansUem.Embedded.CodeGeneration;

/// <summary>What the host must know of a method before it calls it.</summary>
[Flags]
public enum GrainMethodTraits
{
    /// <summary>An ordinary call.</summary>
    None = 0,

    /// <summary>Interleaves with other read-only calls.</summary>
    ReadOnly = 1,

    /// <summary>Interleaves with everything.</summary>
    AlwaysInterleave = 2,

    /// <summary>Nobody waits for it.</summary>
    OneWay = 4,

    /// <summary>At least one argument is of a type that is not known to be immutable.</summary>
    CopiesArguments = 8,

    /// <summary>The result is of a type that is not known to be immutable.</summary>
    CopiesResult = 16,

    /// <summary>The last parameter is a <see cref="CancellationToken"/>.</summary>
    Cancellable = 32,
}
