using OrleansUem.LoadTest.Fuzz;
using Xunit;

namespace OrleansUem.Tests.Fuzz;

/// <summary>
/// Replays the corpus of every parser of untrusted bytes and some thousands of mutants of it, with fixed seeds. <c>uem load fuzz</c> feeds a million to each; what that finds becomes a line in
/// <c>LoadTest/Fuzz/Corpus</c>.
/// </summary>
public sealed class FuzzTargetTests
{
    private const int Mutants = 3_000;

    private const int SlowMutants = 300;

    public static TheoryData<string> Targets() => [.. FuzzTargets.All.Select(target => target.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Feed_CorpusAndMutants_KeepsEveryPromise(string name)
    {
        var target = FuzzTargets.Find(name);
        using var run = new FuzzRun(target, seed: 20_260_801);

        var corpus = run.Feed(run.GivenCount, CancellationToken.None);
        RequireNoFailure(corpus);
        Assert.True(corpus.Accepted > 0, $"{name} accepts nothing of its corpus: what lies behind its first check is not reached.");

        var mutants = run.Feed(run.GivenCount + (target.IsSlow ? SlowMutants : Mutants), CancellationToken.None);
        RequireNoFailure(mutants);
        Assert.True(!target.AcceptsMutants || mutants.Accepted > corpus.Accepted, $"{name} accepts no mutant: what lies behind its first check is not fuzzed.");
    }

    [Fact]
    public void Names_OfTargets_AreUniqueAndTheirCorpusIsUsed()
    {
        Assert.Equal(FuzzTargets.All.Count, FuzzTargets.All.Select(target => target.Name).Distinct().Count());
        var files = Directory.GetFiles(Path.Combine(Repo.Repository.Root, "LoadTest", "Fuzz", "Corpus")).Select(path => Path.GetFileNameWithoutExtension(path)!);
        Assert.All(files, file => Assert.Contains(FuzzTargets.All, target => target.Corpus == file));
        Assert.All(files, file => Assert.NotEmpty(FuzzCorpus.Read(file)));
    }

    private static void RequireNoFailure(FuzzReport report)
    {
        if (report.Failure is { } failure)
        {
            Assert.Fail($"{report.Target}, input {report.Inputs - 1}: {failure.What}\n{failure.ToCorpusLine("found")}");
        }
    }
}
