using System.Xml.Linq;
using Xunit;

namespace OrleansUem.Tests.Repo;

/// <summary>The direction of dependencies (ARCHITECTURE.md, code map). A project may reference less than its row, never more.</summary>
public sealed class DependencyTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Protocol"] = [],
        ["Dtls"] = [],
        ["Embedded"] = [],
        ["Embedded.Generators"] = [],
        ["Transport"] = ["Protocol"],
        ["Grains.Interfaces"] = ["Protocol", "Embedded", "Embedded.Generators"],
        ["Grains"] = ["Grains.Interfaces", "Protocol", "Embedded", "Embedded.Generators"],
        ["Silo"] = ["Grains", "Grains.Interfaces", "Protocol", "Transport", "Embedded", "Embedded.Generators"],
        ["Edge"] = ["Protocol", "Transport", "Dtls"],
        ["Agent"] = ["Protocol", "Transport", "Dtls"],
        ["Node"] = ["Agent", "Protocol", "Transport", "Dtls"],
        ["Device"] = ["Agent", "Protocol", "Transport", "Dtls"],
        ["LoadTest"] = ["Device", "Node", "Agent", "Edge", "Silo", "Grains.Interfaces", "Grains", "Protocol", "Transport", "Dtls", "Embedded", "Embedded.Generators"],
        ["Uem"] = ["Silo", "Edge", "Node", "Device", "Agent", "LoadTest"],
        ["Tests"] = ["*"],
    };

    private static readonly string[] NoOrleans = ["Protocol", "Dtls", "Transport", "Edge", "Agent", "Node", "Device"];

    private static readonly string[] MayBeUnsafe = ["Dtls", "Transport", "Agent", "Tests"];

    public static TheoryData<string> Projects()
    {
        var data = new TheoryData<string>();
        foreach (var file in Repository.Files("*.csproj"))
        {
            data.Add(file);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void References_OfAProject_PointTheAllowedWay(string file)
    {
        var name = Path.GetFileNameWithoutExtension(file);
        Assert.True(Allowed.TryGetValue(name, out var allowed), $"{name} has no row in this test and in ARCHITECTURE.md.");
        var project = XDocument.Parse(Repository.Read(file));
        var references = project.Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(((string?)reference.Attribute("Include") ?? "").Replace('\\', '/')));
        foreach (var reference in references.Where(_ => !allowed!.Contains("*", StringComparer.Ordinal)))
        {
            Assert.True(allowed!.Contains(reference, StringComparer.Ordinal), $"{name} must not reference {reference}.");
        }

        if (NoOrleans.Contains(name, StringComparer.Ordinal))
        {
            Assert.DoesNotContain(project.Descendants("Import"), import => ((string?)import.Attribute("Project") ?? "").Contains("ActorHost", StringComparison.Ordinal));
            Assert.DoesNotContain(
                project.Descendants("PackageReference"),
                package => ((string?)package.Attribute("Include") ?? "").StartsWith("Microsoft.Orleans", StringComparison.Ordinal));
        }

        if (!MayBeUnsafe.Contains(name, StringComparer.Ordinal))
        {
            Assert.DoesNotContain(project.Descendants("AllowUnsafeBlocks"), element => element.Value == "true");
        }
    }

    [Fact]
    public void NativeCalls_LiveInTheirFoldersOnly()
    {
        var strays = Repository.Files("*.cs")
            .Where(file => !file.StartsWith("Dtls/", StringComparison.Ordinal)
                && !file.StartsWith("Tests/", StringComparison.Ordinal)
                && !file.Contains("/Native/", StringComparison.Ordinal))
            .Where(file => Repository.Read(file) is var text
                && (text.Contains("[LibraryImport", StringComparison.Ordinal) || text.Contains("[DllImport", StringComparison.Ordinal)));
        Assert.Empty(strays);
    }

    [Fact]
    public void Protocol_HasNoClockSocketThreadOrLogger()
    {
        string[] banned = ["System.Net.Sockets", "System.Threading.Tasks", "TimeProvider", "ILogger", "Thread(", "Stopwatch", "async "];
        foreach (var file in Repository.Files("*.cs").Where(file => file.StartsWith("Protocol/", StringComparison.Ordinal)))
        {
            var text = Repository.Read(file);
            foreach (var word in banned)
            {
                Assert.False(text.Contains(word, StringComparison.Ordinal), $"{file} uses {word}: Protocol is pure.");
            }
        }
    }
}
