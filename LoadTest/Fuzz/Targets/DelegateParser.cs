namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>A parser that is one function.</summary>
internal sealed class DelegateParser(DelegateParser.Body body) : FuzzParser
{
    public delegate bool Body(ReadOnlySpan<byte> input);

    public override bool Take(ReadOnlySpan<byte> input) => body(input);
}
