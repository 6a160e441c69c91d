namespace OrleansUem.Embedded;

/// <summary>A value that its sender never changes again, so that it is shared instead of copied.</summary>
/// <typeparam name="T">The type of the value.</typeparam>
/// <param name="value">The value.</param>
[Immutable]
public readonly struct Immutable<T>(T value)
{
    /// <summary>The value.</summary>
    public T Value { get; } = value;
}
