namespace OrleansUem.Embedded.Generators;

/// <summary>The outcome for one type, comparable by value so that an unchanged type is not written again.</summary>
internal sealed class GeneratedItem : IEquatable<GeneratedItem>
{
    internal GeneratedItem(string name, string source, string registration, IReadOnlyList<Finding> findings)
    {
        Name = name;
        Source = source;
        Registration = registration;
        Findings = findings;
    }

    internal string Name { get; }

    internal string Source { get; }

    internal string Registration { get; }

    internal IReadOnlyList<Finding> Findings { get; }

    public bool Equals(GeneratedItem? other) => other is not null
        && Name == other.Name
        && Source == other.Source
        && Registration == other.Registration
        && Findings.SequenceEqual(other.Findings);

    public override bool Equals(object? obj) => Equals(obj as GeneratedItem);

    public override int GetHashCode() => Source.GetHashCode() ^ Registration.GetHashCode();
}
