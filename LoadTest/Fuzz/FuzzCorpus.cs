using System.Text;

namespace OrleansUem.LoadTest.Fuzz;

/// <summary>
/// The inputs in <c>LoadTest/Fuzz/Corpus</c>: a line for each, its name, a space, and hexadecimal bytes (<c>.hex</c>) or UTF-8 text (<c>.txt</c>). Whatever a parser ever choked on gets a line.
/// </summary>
internal static class FuzzCorpus
{
    /// <summary>The inputs of one file.</summary>
    /// <param name="name">Without its ending. No file: no inputs.</param>
    public static IReadOnlyList<(string Name, byte[] Bytes)> Read(string name)
    {
        var isHex = true;
        var assembly = typeof(FuzzCorpus).Assembly;
        using var stream = assembly.GetManifestResourceStream($"corpus/{name}.hex") ?? Text();
        if (stream is null)
        {
            return [];
        }

        using var reader = new StreamReader(stream, Encoding.UTF8);
        var inputs = new List<(string, byte[])>();
        while (reader.ReadLine() is { } line)
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            var rest = space < 0 ? "" : line[(space + 1)..];
            inputs.Add((space < 0 ? line : line[..space], isHex ? Convert.FromHexString(rest) : Encoding.UTF8.GetBytes(rest)));
        }

        return inputs;

        Stream? Text()
        {
            isHex = false;
            return assembly.GetManifestResourceStream($"corpus/{name}.txt");
        }
    }
}
