namespace OrleansUem.Embedded;

/// <summary>The type part of a grain identity.</summary>
public readonly record struct GrainType
{
    private readonly string? _value;

    private GrainType(string value) => _value = value;

    /// <summary>True for the value that names no type.</summary>
    public bool IsDefault => _value is null;

    internal string Value => _value ?? string.Empty;

    /// <summary>Makes a type of its text.</summary>
    public static GrainType Create(string value)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(value);
        return new GrainType(value);
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}
