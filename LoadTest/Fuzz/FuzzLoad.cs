using System.Globalization;
using OrleansUem.LoadTest.Fuzz.Shapes;

namespace OrleansUem.LoadTest.Fuzz;

/// <summary><c>uem load fuzz</c>: many inputs to each parser of untrusted bytes, a table of what they cost, and the input that broke a promise, if one did.</summary>
public static class FuzzLoad
{
    /// <summary>Inputs to each parser unless told otherwise.</summary>
    public const long DefaultCount = 1_000_000;

    private const string LastSuffix = ".last";

    /// <summary>Names of the parsers.</summary>
    public static IReadOnlyList<string> TargetNames => [.. FuzzTargets.All.Select(target => target.Name)];

    /// <summary>Feeds the parsers one after the other.</summary>
    /// <param name="target">One of <see cref="TargetNames"/>; null: all of them.</param>
    /// <param name="count">Inputs to each.</param>
    /// <param name="seed">Of the mutations.</param>
    /// <param name="directory">Where failing inputs go.</param>
    /// <param name="output">Gets a line for each parser.</param>
    /// <param name="cancellationToken">Ends after the input at hand.</param>
    /// <returns>How many parsers broke a promise.</returns>
    public static int Run(string? target, long count, ulong seed, string directory, TextWriter output, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentNullException.ThrowIfNull(output);
        var targets = target is null ? FuzzTargets.All : [FuzzTargets.Find(target)];
        Directory.CreateDirectory(directory);
        output.WriteLine(FuzzReport.Head);
        var failures = 0;
        foreach (var each in targets)
        {
            using var last = new LastInput(Path.Combine(directory, each.Name + LastSuffix), FuzzShape.MaxBytes);
            using var run = new FuzzRun(each, seed, last.Set);
            var report = run.Feed(count, cancellationToken);
            output.WriteLine(report);
            if (report.Failure is { } failure)
            {
                failures++;
                Write(failure, directory, output);
            }
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"resident memory at the end: {Environment.WorkingSet / 1e6:F0} MB; seed {seed}"));
        return failures;
    }

    /// <summary>Feeds one parser the input of a file: a line of a corpus (name, hexadecimal bytes), or what a crashed run left.</summary>
    /// <returns>0 when every promise held, else 1.</returns>
    public static int Replay(string target, string path, TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);
        var input = path.EndsWith(LastSuffix, StringComparison.Ordinal)
            ? LastInput.Read(path)
            : Convert.FromHexString(File.ReadAllText(path).Trim().Split(' ')[^1]);
        using var run = new FuzzRun(FuzzTargets.Find(target), seed: 0);
        var failure = run.Try(input, out var isAccepted, out var took, out var bytes);
        output.WriteLine(failure?.What
            ?? string.Create(CultureInfo.InvariantCulture, $"{(isAccepted ? "accepted" : "refused")} in {took.TotalMilliseconds:F2} ms with {bytes} bytes of memory; every promise held."));
        return failure is null ? 0 : 1;
    }

    private static void Write(FuzzFailure failure, string directory, TextWriter output)
    {
        var path = Path.Combine(directory, failure.Target + ".hex");
        File.WriteAllText(path, failure.ToCorpusLine("found") + "\n");
        output.WriteLine($"  {failure.What.ReplaceLineEndings("\n  ")}");
        output.WriteLine($"  the input is in {path}; again with: uem load fuzz --target {failure.Target} --replay {path}");
    }
}
