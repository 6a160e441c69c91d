namespace OrleansUem.Uem;

/// <summary>How this program is started once more.</summary>
internal static class OwnCommandLine
{
    /// <summary>The words: the program itself, or dotnet and the program's assembly.</summary>
    public static string[] Get()
    {
        var process = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(process) == "dotnet" ? [process, Path.GetFullPath(Environment.GetCommandLineArgs()[0])] : [process];
    }
}
