namespace OrleansUem.LoadTest.Machines;

/// <summary>Where programs are.</summary>
public static class CommandPath
{
    /// <summary>The full path of a program, or null. Looks into the sbin directories too: a user's PATH often lacks them.</summary>
    /// <param name="name">As one would type it.</param>
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Concat(["/usr/sbin", "/sbin", "/usr/bin", "/bin"])
            .Where(directory => directory.Length > 0)
            .Select(directory => Path.Combine(directory, name))
            .FirstOrDefault(File.Exists);
}
