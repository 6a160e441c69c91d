using System.Security.Cryptography.X509Certificates;
using OrleansUem.Agent.Identity;

namespace OrleansUem.Node.Enrolment;

/// <summary>
/// The certificates that are cut off, read again whenever the file has changed; a look at the file's size and time costs microseconds, so every handshake takes it.
/// Safe from any thread.
/// </summary>
internal sealed class RevocationList
{
    private readonly Lock _lock = new();
    private readonly StateDirectory _files;
    private HashSet<string> _fingerprints = [];
    private int _version;
    private (long Bytes, DateTime Written) _seen = (-1, default);

    public RevocationList(StateDirectory files)
    {
        _files = files;
        Refresh();
    }

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _fingerprints.Count;
            }
        }
    }

    /// <summary>Goes up with each reading of a changed file.</summary>
    public int Version
    {
        get
        {
            lock (_lock)
            {
                return _version;
            }
        }
    }

    /// <exception cref="AgentStateException">The file can't be read: the caller refuses.</exception>
    public bool IsRevoked(X509Certificate2 certificate)
    {
        Refresh();
        return Contains(IssuedLedger.Fingerprint(certificate));
    }

    public bool Contains(string fingerprint)
    {
        lock (_lock)
        {
            return _fingerprints.Contains(fingerprint);
        }
    }

    /// <summary>Reads the file again if it has changed.</summary>
    /// <exception cref="AgentStateException">The file can't be read; the list stays as it was.</exception>
    public void Refresh()
    {
        lock (_lock)
        {
            var file = new FileInfo(_files.PathOf(NodeFiles.Revoked));
            var seen = file.Exists ? (file.Length, file.LastWriteTimeUtc) : (0L, default);
            if (seen == _seen)
            {
                return;
            }

            _fingerprints = [.. NodeFiles.ReadLines(_files, NodeFiles.Revoked).Select(words => words[0])];
            _seen = seen;
            _version++;
        }
    }
}
