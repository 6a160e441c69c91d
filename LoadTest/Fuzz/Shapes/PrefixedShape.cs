namespace OrleansUem.LoadTest.Fuzz.Shapes;

/// <summary>A few bytes that tell what follows, then the rest in its own shape. The prefix is changed once in eight times.</summary>
internal sealed class PrefixedShape(int prefixBytes, FuzzShape rest) : FuzzShape
{
    public override byte[] Mutate(byte[] input, FuzzRandom random) => input.Length < prefixBytes || random.Once(8)
        ? Bytes.Mutate(input, random)
        : Bounded([.. input.AsSpan(0, prefixBytes), .. rest.Mutate(input[prefixBytes..], random)]);
}
