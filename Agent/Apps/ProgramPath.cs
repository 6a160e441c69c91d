using OrleansUem.Agent.Native;

namespace OrleansUem.Agent.Apps;

/// <summary>Where a program's file is.</summary>
internal static class ProgramPath
{
    // A service's PATH, and a user's, often lack the sbin directories.
    private static readonly string[] SystemDirectories = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];

    /// <summary>Finds a program of the system.</summary>
    /// <returns>The full path; null: there is none.</returns>
    public static string? Find(string name) =>
        SearchPath().Concat(SystemDirectories).Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);

    /// <summary>Finds what a person typed as a command, as a shell does (execvp(3)): a name on PATH, or a path.</summary>
    /// <param name="command">The word.</param>
    /// <param name="isForbidden">With null: there is such a file, and it may not be run.</param>
    /// <returns>The path; null: there is no such program.</returns>
    public static string? Resolve(string command, out bool isForbidden)
    {
        var candidates = command.Contains('/', StringComparison.Ordinal)
            ? [Path.GetFullPath(command)]
            : SearchPath().Select(directory => Path.Combine(directory, command)).Where(File.Exists).ToArray();
        var found = candidates.FirstOrDefault(IsProgram);
        isForbidden = found is null && candidates.Any(Path.Exists);
        return found;
    }

    /// <summary>One text for one program: its directory without symbolic links. The program's own link stays, since many programs may be one file (busybox).</summary>
    /// <param name="path">A full path, as of <see cref="Resolve"/>.</param>
    public static string Canonical(string path) => Path.Combine(RealPath.Of(Path.GetDirectoryName(path) ?? "/"), Path.GetFileName(path));

    private static bool IsProgram(string path) => File.Exists(path) && ((OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(path))
        & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0;

    private static string[] SearchPath() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
}
