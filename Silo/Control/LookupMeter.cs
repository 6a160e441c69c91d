namespace OrleansUem.Silo.Control;

/// <summary>
/// A bucket of lookups for one link: 256 at once, 16 a second after that. Arbitrary: an edge that comes back after a silo's restart names its tenants within
/// seconds, and a made-up id costs the silo one read of the database. Any thread.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class LookupMeter(TimeProvider time)
{
    public const int Burst = 256;
    public const int PerSecond = 16;

    private readonly Lock _gate = new();
    private double _left = Burst;
    private long _at = time.GetTimestamp();

    public bool TryTake()
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            _left = Math.Min(Burst, _left + (time.GetElapsedTime(_at, now).TotalSeconds * PerSecond));
            _at = now;
            if (_left < 1)
            {
                return false;
            }

            _left--;
            return true;
        }
    }
}
