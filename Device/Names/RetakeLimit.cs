namespace OrleansUem.Device.Names;

/// <summary>How often a file that somebody else rewrites is taken again: two programs that both insist must not fight for ever.</summary>
internal sealed class RetakeLimit(TimeProvider time)
{
    /// <summary>Arbitrary: a laptop that wakes in another network rewrites its file three times; a program that fights does so at once, every time.</summary>
    public const int RetakesMax = 6;

    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Queue<long> _recent = new();

    /// <returns>Whether it may be taken once more.</returns>
    public bool TryAdd()
    {
        var now = time.GetTimestamp();
        while (_recent.TryPeek(out var oldest) && time.GetElapsedTime(oldest, now) >= Window)
        {
            _recent.Dequeue();
        }

        if (_recent.Count == RetakesMax)
        {
            return false;
        }

        _recent.Enqueue(now);
        return true;
    }
}
