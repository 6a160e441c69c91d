using System.Runtime.CompilerServices;

namespace OrleansUem.Tests.Repo;

/// <summary>The checkout that the tests were built from.</summary>
internal static class Repository
{
    private static readonly string[] NotSource = ["artifacts", "bin", "obj", ".git"];

    /// <summary>The folder of the solution.</summary>
    public static string Root { get; } = Find();

    /// <summary>All files of one ending, as paths relative to <see cref="Root"/>, sorted, build output left out.</summary>
    public static IReadOnlyList<string> Files(string pattern)
    {
        var found = new List<string>();
        foreach (var path in Directory.EnumerateFiles(Root, pattern, SearchOption.AllDirectories))
        {
            var relative = Path.GetRelativePath(Root, path).Replace('\\', '/');
            if (!relative.Split('/').Any(part => NotSource.Contains(part, StringComparer.Ordinal)))
            {
                found.Add(relative);
            }
        }

        found.Sort(StringComparer.Ordinal);
        return found;
    }

    public static string Read(string relative) => File.ReadAllText(Path.Combine(Root, relative));

    // The source path is the checkout's unless CI maps it away; then the folder above the test assembly has the solution.
    private static string Find([CallerFilePath] string source = "")
    {
        foreach (var start in new[] { Path.GetDirectoryName(source)!, AppContext.BaseDirectory })
        {
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, "OrleansUem.sln")))
                {
                    return folder.FullName;
                }
            }
        }

        throw new InvalidOperationException("OrleansUem.sln is in no folder above the tests.");
    }
}
