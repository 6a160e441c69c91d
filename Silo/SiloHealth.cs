using System.Data.Common;
using OrleansUem.Silo.Database;
using OrleansUem.Transport.Health;

namespace OrleansUem.Silo;

/// <summary>Whether a silo should be asked: it serves edges, its database answers, and it does not stop. Made before the silo and handed to <see cref="SiloHost"/>.</summary>
/// <param name="time">The clock.</param>
public sealed class SiloHealth(TimeProvider time) : IHealthSource
{
    // Whoever asks, the database is asked once a second at most; a balancer asks every few seconds.
    private static readonly TimeSpan Valid = TimeSpan.FromSeconds(1);

    // Below the usual limit of a balancer's check (5 s).
    private static readonly TimeSpan StorageTimeout = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private volatile SiloDatabase? _database;
    private volatile bool _isReady;
    private volatile bool _isStopping;
    private Task<bool>? _look;
    private long _lookedAt;

    /// <inheritdoc/>
    public string Role => "silo";

    /// <summary>When the silo was ready.</summary>
    internal DateTimeOffset StartedAt { get; private set; }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<HealthFault>> FindFaultsAsync(CancellationToken cancellationToken) =>
        _isStopping ? [new HealthFault("drain", "The silo is stopping.")]
        : !_isReady ? [new HealthFault("start", "The silo is starting.")]
        : await Look().WaitAsync(cancellationToken) ? []
        : [new HealthFault("storage", "The database does not answer: nothing is decided, tunnels that are up go on.")];

    internal void Started(SiloDatabase database)
    {
        _database = database;
        StartedAt = time.GetUtcNow();
        _isReady = true;
    }

    internal void Stopping() => _isStopping = true;

    private Task<bool> Look()
    {
        lock (_lock)
        {
            if (_look is null || (_look.IsCompleted && time.GetElapsedTime(_lookedAt) >= Valid))
            {
                _lookedAt = time.GetTimestamp();
                _look = AskAsync(_database!);
            }

            return _look;
        }
    }

    private static async Task<bool> AskAsync(SiloDatabase database)
    {
        using var timeout = new CancellationTokenSource(StorageTimeout);
        try
        {
            await database.CheckAsync(timeout.Token);
            return true;
        }
        catch (Exception e) when (e is DbException or TimeoutException or OperationCanceledException or IOException or InvalidOperationException)
        {
            // An operating failure; the silo's log tells it where it hurts.
            return false;
        }
    }
}
