namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>A record that is shared, since it is immutable.</summary>
[GenerateSerializer, Immutable]
public sealed record ImmutableNote([property: Id(0)] string Text, [property: Id(1)] int Number)
{
    /// <summary>The object that the test passed last, by its text.</summary>
    public static System.Collections.Concurrent.ConcurrentDictionary<string, ImmutableNote> Sent { get; } = new();
}
