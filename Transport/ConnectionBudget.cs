namespace OrleansUem.Transport;

/// <summary>
/// Connections that the listeners of a process may have together, because their descriptors are the process's. An eighth is kept for the listeners, in equal parts, so that a crowd at one does not lock out the
/// peers of another; the rest goes to whoever comes first. Thread-safe.
/// </summary>
public sealed class ConnectionBudget
{
    private const int ReserveDivisor = 8;

    private readonly Lock _lock = new();
    private readonly int _reserve;
    private int _sharedLeft;

    /// <param name="max">Of all listeners, at least one for each.</param>
    /// <param name="listeners">How many there are.</param>
    public ConnectionBudget(int max, int listeners)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(listeners, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(max, listeners);
        _reserve = Math.Max(1, max / ReserveDivisor / listeners);
        _sharedLeft = max - (_reserve * listeners);
        MaxOfListener = _reserve + _sharedLeft;
    }

    /// <summary>The most connections that one listener gets, when the others have few.</summary>
    public int MaxOfListener { get; }

    /// <summary>One listener's part.</summary>
    public Share CreateShare() => new(this);

    /// <summary>What one listener has of the budget.</summary>
    public sealed class Share
    {
        private readonly ConnectionBudget _budget;
        private int _taken;

        internal Share(ConnectionBudget budget) => _budget = budget;

        /// <summary>Takes one.</summary>
        /// <returns>False when its reserve and what is shared are used up.</returns>
        public bool TryTake()
        {
            lock (_budget._lock)
            {
                if (_taken >= _budget._reserve && _budget._sharedLeft-- <= 0)
                {
                    _budget._sharedLeft = 0;
                    return false;
                }

                _taken++;
                return true;
            }
        }

        /// <summary>Gives one back.</summary>
        public void Release()
        {
            lock (_budget._lock)
            {
                if (_taken-- > _budget._reserve)
                {
                    _budget._sharedLeft++;
                }
            }
        }
    }
}
