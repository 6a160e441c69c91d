namespace OrleansUem.LoadTest.Micro;

/// <summary>The state of <see cref="BenchStateGrain"/>.</summary>
internal sealed class BenchState
{
    public int Number { get; set; }

    public string Text { get; set; } = string.Empty;
}
