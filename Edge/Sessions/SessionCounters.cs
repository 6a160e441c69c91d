using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Sessions;

/// <summary>
/// What one session forwarded and dropped. A session's frames come over TCP on its read loop and over UDP on any of the receive threads, so every count is an
/// atomic addition; a run of datagrams is one.
/// </summary>
internal sealed class SessionCounters
{
    private readonly DropCounters _drops = new();
    private long _frames;
    private long _bytes;

    public long Frames => Volatile.Read(ref _frames);

    public long Bytes => Volatile.Read(ref _bytes);

    public long Drops(DropReason reason) => _drops[reason];

    public void Forwarded(long frames, long bytes)
    {
        Interlocked.Add(ref _frames, frames);
        Interlocked.Add(ref _bytes, bytes);
    }

    public void Dropped(DropReason reason, long frames = 1) => _drops.Add(reason, frames);

    /// <summary>Adds the figures of a session that is over.</summary>
    public void AddAll(SessionCounters other)
    {
        Forwarded(other.Frames, other.Bytes);
        _drops.AddAll(other._drops);
    }
}
