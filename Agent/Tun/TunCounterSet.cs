namespace OrleansUem.Agent.Tun;

/// <summary>The writable side of <see cref="TunCounters"/>. Interlocked: writers may be several threads.</summary>
internal sealed class TunCounterSet
{
    private long _packetsRead;
    private long _bytesRead;
    private long _superPacketsRead;
    private long _packetsWritten;
    private long _bytesWritten;
    private long _superPacketsWritten;
    private long _linkDown;
    private long _malformed;
    private long _queueFull;

    public void Read(int bytes, bool isSuperPacket)
    {
        Interlocked.Increment(ref _packetsRead);
        Interlocked.Add(ref _bytesRead, bytes);
        if (isSuperPacket)
        {
            Interlocked.Increment(ref _superPacketsRead);
        }
    }

    public void Written(int bytes, bool isSuperPacket)
    {
        Interlocked.Increment(ref _packetsWritten);
        Interlocked.Add(ref _bytesWritten, bytes);
        if (isSuperPacket)
        {
            Interlocked.Increment(ref _superPacketsWritten);
        }
    }

    public void DroppedLinkDown() => Interlocked.Increment(ref _linkDown);

    public void DroppedMalformed() => Interlocked.Increment(ref _malformed);

    public void DroppedQueueFull() => Interlocked.Increment(ref _queueFull);

    public TunCounters Snapshot() => new()
    {
        PacketsRead = Interlocked.Read(ref _packetsRead),
        BytesRead = Interlocked.Read(ref _bytesRead),
        SuperPacketsRead = Interlocked.Read(ref _superPacketsRead),
        PacketsWritten = Interlocked.Read(ref _packetsWritten),
        BytesWritten = Interlocked.Read(ref _bytesWritten),
        SuperPacketsWritten = Interlocked.Read(ref _superPacketsWritten),
        WritesDroppedLinkDown = Interlocked.Read(ref _linkDown),
        WritesDroppedMalformed = Interlocked.Read(ref _malformed),
        WritesDroppedQueueFull = Interlocked.Read(ref _queueFull),
    };
}
