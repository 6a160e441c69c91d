using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Sessions;

/// <summary>What one session forwarded and dropped. One writer, the session's read loop; any reader.</summary>
internal sealed class SessionCounters
{
    private readonly long[] _drops = new long[Enum.GetValues<DropReason>().Length];
    private long _frames;
    private long _bytes;

    public long Frames => Volatile.Read(ref _frames);

    public long Bytes => Volatile.Read(ref _bytes);

    public long Drops(DropReason reason) => Volatile.Read(ref _drops[(int)reason]);

    public void Forwarded(long bytes)
    {
        Volatile.Write(ref _frames, _frames + 1);
        Volatile.Write(ref _bytes, _bytes + bytes);
    }

    public void Dropped(DropReason reason) => Volatile.Write(ref _drops[(int)reason], _drops[(int)reason] + 1);

    /// <summary>Adds the figures of a session that is over; the caller serialises.</summary>
    public void AddAll(SessionCounters other)
    {
        Volatile.Write(ref _frames, _frames + other.Frames);
        Volatile.Write(ref _bytes, _bytes + other.Bytes);
        for (var i = 0; i < _drops.Length; i++)
        {
            Volatile.Write(ref _drops[i], _drops[i] + Volatile.Read(ref other._drops[i]));
        }
    }
}
