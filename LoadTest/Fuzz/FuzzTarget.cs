using OrleansUem.LoadTest.Fuzz.Shapes;

namespace OrleansUem.LoadTest.Fuzz;

/// <summary>One parser of untrusted bytes: where its inputs come from, what they look like and what it may cost.</summary>
/// <param name="Name">As in <c>uem load fuzz --target</c>.</param>
/// <param name="What">Whose bytes they are and who reads them.</param>
/// <param name="Shape">How inputs are mutated.</param>
/// <param name="Open">Makes the parser.</param>
internal sealed record FuzzTarget(string Name, string What, FuzzShape Shape, Func<FuzzParser> Open)
{
    /// <summary>File of <c>LoadTest/Fuzz/Corpus</c> whose inputs it starts from, without its ending; its own name unless another target has the same inputs.</summary>
    public string Corpus { get; init; } = Name;

    /// <summary>
    /// The most managed memory that one input may cost, beyond 512 times its length: a field of two bytes can make an empty message of a few hundred, to be collected again. Arbitrary: a certificate with its chain
    /// takes 30 KB; what a length field could ask for is far above.
    /// </summary>
    public long MaxAllocatedBytes { get; init; } = 256 * 1024;

    /// <summary>Whether mutants are accepted at all; false where only what a key made is.</summary>
    public bool AcceptsMutants { get; init; } = true;

    /// <summary>Whether an input costs a signature or more, so that tests feed fewer.</summary>
    public bool IsSlow { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
