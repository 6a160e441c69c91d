using System.Globalization;
using System.Text;

namespace OrleansUem.Silo.State;

/// <summary>
/// Keeps a second silo process off the same state directory: two would write one database and hand out the same tunnel ids. The kernel drops
/// the lock with the process, so a crash leaves nothing to clean up.
/// </summary>
internal sealed class StateLock : IDisposable
{
    // EWOULDBLOCK of flock, as the framework hands it on.
    private const int LockedError = 11;

    private readonly FileStream _file;

    private StateLock(FileStream file) => _file = file;

    /// <summary>Takes the lock.</summary>
    /// <exception cref="SiloStartException">Another process has it.</exception>
    public static StateLock Take(string directory)
    {
        var path = Path.Combine(directory, StateFiles.Lock);
        try
        {
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            StateFiles.Restrict(path);

            // For the operator who looks into it; the lock itself is the kernel's (flock).
            file.SetLength(0);
            file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n"));
            file.Flush();
            return new StateLock(file);
        }
        catch (IOException e) when (e.HResult != LockedError)
        {
            throw new SiloStartException($"{path} can't be written: {e.Message}", e);
        }
        catch (IOException e)
        {
            throw new SiloStartException(
                $"Another silo process uses {directory} ({StateFiles.Lock} is locked). Stop it first, or use another state directory.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new SiloStartException($"{path} can't be opened: {e.Message} Run the silo as the owner of the directory.", e);
        }
    }

    public void Dispose() => _file.Dispose();
}
