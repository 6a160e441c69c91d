using System.Text;
using OrleansUem.Agent.Native;

namespace OrleansUem.Agent.Identity;

/// <summary>
/// Files for their owner's eyes only, each replaced as a whole: written beside the old one, synced and renamed, so that after a crash a file is either
/// the old or the new one.
/// </summary>
internal sealed class StateDirectory
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // EWOULDBLOCK of flock, as the framework hands it on.
    private const int LockedError = 11;

    // A state file of ours has a few kilobytes; what is longer is no state file.
    private const long MaxFileBytes = 1 << 20;

    public StateDirectory(string path) => Path = System.IO.Path.GetFullPath(path);

    public string Path { get; }

    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    public bool Has(string name) => File.Exists(PathOf(name));

    /// <exception cref="AgentStateException">It can't be made.</exception>
    public void Create()
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(Path);
            }
            else
            {
                Directory.CreateDirectory(Path, OwnerOnly | UnixFileMode.UserExecute);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentStateException($"The state directory {Path} can't be made: {e.Message} Choose another with --state.", e);
        }
    }

    /// <summary>A directory of somebody else looks empty: no file in it exists for who may not look.</summary>
    /// <exception cref="AgentStateException">It exists and can't be listed, or is no directory of a device or node.</exception>
    public void RequireReadable()
    {
        if (File.Exists(Path))
        {
            throw new AgentStateException($"{Path} is a file; --state takes a directory.");
        }

        foreach (var (mark, role) in ((string, string)[])[("silo.json", "a silo"), ("edge.crt", "an edge")])
        {
            if (Has(mark))
            {
                throw new AgentStateException($"{Path} is the state of {role}, not of a device or node. Name another directory with --state.");
            }
        }

        try
        {
            // Throws where a directory above it may not be passed.
            _ = File.GetAttributes(Path);
            _ = Directory.GetFileSystemEntries(Path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // Not made yet: the caller says how.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentStateException($"The state directory {Path} can't be read by this user: {e.Message} Run the command as the directory's owner.", e);
        }
    }

    /// <exception cref="AgentStateException">The file is missing, too long or can't be read.</exception>
    public string Read(string name)
    {
        var path = PathOf(name);
        try
        {
            if (new FileInfo(path).Length > MaxFileBytes)
            {
                throw new AgentStateException($"{path} has more than {MaxFileBytes} bytes: it is no state file of this program.");
            }

            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentStateException($"{path} can't be read: {e.Message}", e);
        }
    }

    /// <summary>Reads a private key's file, which nobody else may read.</summary>
    /// <exception cref="AgentStateException">As <see cref="Read"/>, or others may read it.</exception>
    public string ReadSecret(string name)
    {
        var text = Read(name);
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(PathOf(name)) & ~(OwnerOnly | UnixFileMode.UserExecute)) != 0)
        {
            throw new AgentStateException(
                $"The private key {PathOf(name)} may be read by other users; if nobody did, run: chmod 600 {PathOf(name)}");
        }

        return text;
    }

    /// <summary>Returns when the file is on disk under its name.</summary>
    /// <exception cref="AgentStateException">It can't be written.</exception>
    public void Write(string name, string text)
    {
        var path = PathOf(name);
        var temporary = path + ".new";
        try
        {
            File.Delete(temporary);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = OwnerOnly;
            }

            using (var file = new FileStream(temporary, options))
            {
                file.Write(Encoding.UTF8.GetBytes(text));
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
            DirectorySync.Flush(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentStateException($"{path} can't be written: {e.Message}", e);
        }
    }

    /// <summary>Returns when the name is gone from the disk: what was voided by it stays void after a power cut. No error when there is no such file.</summary>
    /// <exception cref="AgentStateException">It can't be deleted.</exception>
    public void Delete(string name)
    {
        if (!Has(name))
        {
            return;
        }

        try
        {
            File.Delete(PathOf(name));
            DirectorySync.Flush(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentStateException($"{PathOf(name)} can't be deleted: {e.Message}", e);
        }
    }

    /// <summary>Takes the directory for this process; the kernel lets it go when the process ends in any way.</summary>
    /// <param name="advice">How to stop one that has it already.</param>
    /// <exception cref="AgentStateException">Another process has it.</exception>
    public IDisposable Lock(string advice = "Stop that first.")
    {
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = OwnerOnly;
            }

            return new FileStream(PathOf("lock"), options);
        }
        catch (IOException e) when (e.HResult == LockedError)
        {
            throw new AgentStateException($"The state directory {Path} is in use by another process. {advice}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentStateException($"The state directory {Path} can't be written: {e.Message}", e);
        }
    }

    /// <summary>Whether another process has the directory at this moment.</summary>
    /// <exception cref="AgentStateException">It can't be written.</exception>
    public bool IsInUse()
    {
        try
        {
            Lock().Dispose();
            return false;
        }
        catch (AgentStateException e) when (e.InnerException is IOException { HResult: LockedError })
        {
            return true;
        }
    }
}
