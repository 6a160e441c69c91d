namespace OrleansUem.Transport;

/// <summary>
/// While one is open on a thread, frames that this thread queues do not wake their connections' write loops; they are woken, once each, when it is
/// disposed. A read loop opens one around all frames of a read, so that frames which came in one TLS record leave in one. Nests; must be
/// disposed on the thread that opened it, without an await in between.
/// </summary>
public readonly ref struct WakeBatch
{
    [ThreadStatic]
    private static WakeList? _list;

    private readonly WakeList _opened;

    private WakeBatch(WakeList list) => _opened = list;

    /// <summary>Opens one on this thread.</summary>
    public static WakeBatch Begin()
    {
        var list = _list ??= new WakeList();
        list.Depth++;
        return new WakeBatch(list);
    }

    /// <summary>Wakes the write loops that have something to do.</summary>
    public void Dispose()
    {
        if (--_opened.Depth == 0)
        {
            _opened.SetAll();
        }
    }

    internal static void Wake(AsyncSignal signal)
    {
        if (_list is { Depth: > 0 } list)
        {
            list.Add(signal);
        }
        else
        {
            signal.Set();
        }
    }

    private sealed class WakeList
    {
        private readonly List<AsyncSignal> _signals = [];

        public int Depth;

        public void Add(AsyncSignal signal) => _signals.Add(signal);

        public void SetAll()
        {
            foreach (var signal in _signals)
            {
                signal.Set();
            }

            _signals.Clear();
        }
    }
}
