using OrleansUem.Agent.Identity;

namespace OrleansUem.LoadTest.Fuzz;

/// <summary>A state directory in memory, where there is one, since a million files on a disk would measure the disk.</summary>
internal sealed class ScratchState : IDisposable
{
    private const string Memory = "/dev/shm";

    public ScratchState()
    {
        var parent = Directory.Exists(Memory) ? Memory : System.IO.Path.GetTempPath();
        Path = System.IO.Path.Combine(parent, $"uem-fuzz-{Environment.ProcessId}-{Guid.NewGuid():n}");
        new StateDirectory(Path).Create();
    }

    public string Path { get; }

    /// <summary>Puts a file there, readable by its owner only.</summary>
    public void Write(string name, ReadOnlySpan<byte> bytes)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(System.IO.Path.Combine(Path, name), options);
        file.Write(bytes);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
