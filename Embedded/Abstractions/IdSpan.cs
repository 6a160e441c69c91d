namespace OrleansUem.Embedded;

/// <summary>The key part of a grain identity.</summary>
public readonly record struct IdSpan
{
    private readonly string? _value;

    private IdSpan(string value) => _value = value;

    /// <summary>True for the value that is no key.</summary>
    public bool IsDefault => _value is null;

    internal string Value => _value ?? string.Empty;

    /// <summary>Makes a key of its text.</summary>
    public static IdSpan Create(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return new IdSpan(id);
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}
