using System.Text.RegularExpressions;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Repo;

/// <summary>Rules of CONTRIBUTING.md that a machine can check.</summary>
public sealed partial class TidyTests
{
    private const int MaxLines = 500;
    private const int MaxTestLines = 800;

    [Fact]
    public void Files_AreShortEnoughToRead()
    {
        var tooLong = Repository.Files("*.cs")
            .Select(file => (File: file, Lines: Repository.Read(file).Count(c => c == '\n')))
            .Where(entry => entry.Lines > (entry.File.StartsWith("Tests/", StringComparison.Ordinal) ? MaxTestLines : MaxLines))
            .Select(entry => $"{entry.File}: {entry.Lines} lines");
        Assert.Empty(tooLong);
    }

    [Fact]
    public void Names_AvoidTheWordsThatSayNothing()
    {
        var vague = Repository.Files("*.cs")
            .Where(file => VagueName().IsMatch(Path.GetFileNameWithoutExtension(file)));
        Assert.Empty(vague);
    }

    [Fact]
    public void Sources_HoldNoLeftovers()
    {
        var leftovers = new List<string>();
        foreach (var file in Repository.Files("*.cs").Where(file => !file.EndsWith("TidyTests.cs", StringComparison.Ordinal)))
        {
            var text = Repository.Read(file);
            foreach (var word in new[] { "FIX" + "ME", "NotImplemented" + "Exception", "Console.Write" })
            {
                var isProgram = word == "Console.Write" && (file.StartsWith("Uem/", StringComparison.Ordinal) || file.StartsWith("Tests/", StringComparison.Ordinal));
                if (text.Contains(word, StringComparison.Ordinal) && !isProgram)
                {
                    leftovers.Add($"{file}: {word}");
                }
            }

            if (TodoWithoutIssue().IsMatch(text))
            {
                leftovers.Add($"{file}: a TODO without an issue number");
            }
        }

        Assert.Empty(leftovers);
    }

    [Fact]
    public void MarkdownLinks_PointToFilesThatExist()
    {
        var dead = new List<string>();
        foreach (var file in Repository.Files("*.md"))
        {
            var folder = Path.GetDirectoryName(Path.Combine(Repository.Root, file))!;
            foreach (Match link in MarkdownLink().Matches(Repository.Read(file)))
            {
                var target = link.Groups[1].Value.Split('#')[0];
                if (target.Length > 0 && !target.Contains("://", StringComparison.Ordinal) && !Path.Exists(Path.Combine(folder, target)))
                {
                    dead.Add($"{file}: {target}");
                }
            }
        }

        Assert.Empty(dead);
    }

    [Fact]
    public void WireEnums_HaveUniqueNumbersAndAZero()
    {
        foreach (var type in new[] { typeof(Reason), typeof(DropReason), typeof(FrameType) })
        {
            var values = Enum.GetValues(type).Cast<object>().Select(Convert.ToInt64).ToArray();
            Assert.Equal(values.Length, values.Distinct().Count());
            Assert.Contains(0L, values);
        }
    }

    /// <summary>The specification speaks of every frame by its name, or by its name in capitals.</summary>
    [Fact]
    public void Specification_NamesEveryFrame()
    {
        var text = Repository.Read("Protocol/README.md") + Repository.Read("Protocol/Wire/FrameType.cs");
        foreach (var type in Enum.GetNames<FrameType>())
        {
            Assert.Contains(type, text, StringComparison.OrdinalIgnoreCase);
        }
    }

    [GeneratedRegex("(Helper|Helpers|Utils|Util|Manager|Common)$")]
    private static partial Regex VagueName();

    [GeneratedRegex(@"//\s*TO" + @"DO(?!\(#\d+\))")]
    private static partial Regex TodoWithoutIssue();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex MarkdownLink();
}
