using System.Globalization;

namespace OrleansUem.LoadTest.Throughput;

/// <summary>A temporary directory of a measurement. Its name carries this process's id, so that the next one removes what a killed one left.</summary>
internal sealed class BenchFolder : IDisposable
{
    private const string Prefix = "uem-throughput-";
    private int _folders;

    public BenchFolder()
    {
        RemoveLeftovers();
        Path = Directory.CreateTempSubdirectory(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-")).FullName;
    }

    public string Path { get; }

    /// <summary>Makes an empty directory inside.</summary>
    public string NewFolder() => Directory.CreateDirectory(System.IO.Path.Combine(Path, (++_folders).ToString(CultureInfo.InvariantCulture))).FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);

    // Namespaces and processes of a run that was killed go when the first namespace is made.
    private static void RemoveLeftovers()
    {
        foreach (var path in Directory.EnumerateDirectories(System.IO.Path.GetTempPath(), Prefix + "*"))
        {
            if (!Directory.Exists("/proc/" + System.IO.Path.GetFileName(path)[Prefix.Length..].Split('-')[0]))
            {
                Directory.Delete(path, recursive: true);
            }
        }
    }
}
