namespace OrleansUem.LoadTest.Fuzz;

/// <summary>An input that broke a promise.</summary>
/// <param name="Target">The parser's name.</param>
/// <param name="Input">The bytes.</param>
/// <param name="What">The promise and how it was broken.</param>
internal sealed record FuzzFailure(string Target, byte[] Input, string What)
{
    /// <summary>A line for the corpus file.</summary>
    public string ToCorpusLine(string name) => $"{name} {Convert.ToHexStringLower(Input)}";
}
