namespace OrleansUem.Tests.ActorHosts.Conformance;

/// <summary>The state of <see cref="StateGrain"/>.</summary>
[GenerateSerializer]
public sealed class CounterState
{
    [Id(0)]
    public int Count { get; set; }

    [Id(1)]
    public List<string> Names { get; set; } = [];
}
