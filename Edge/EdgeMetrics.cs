using System.Diagnostics.Metrics;
using OrleansUem.Edge.Sessions;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.Edge;

/// <summary>
/// The meter <c>uem.edge</c>. Frames are counted in each session and added up when somebody asks, so that the data path shares no counter; sessions that are
/// over are kept as one sum. Everything exists from the start, at zero.
/// </summary>
internal sealed class EdgeMetrics : ITlsListenerEvents, IDisposable
{
    public const string MeterName = "uem.edge";

    private readonly Lock _lock = new();
    private readonly Meter _meter = new(MeterName);
    private readonly HashSet<SessionCounters> _live = [];
    private readonly SessionCounters _over = new();
    private readonly Dictionary<Reason, long> _refusals = Enum.GetValues<Reason>()
        .Where(reason => reason != Reason.None).ToDictionary(reason => reason, _ => 0L);

    private readonly Dictionary<Reason, long> _ends = Enum.GetValues<Reason>()
        .Where(reason => reason != Reason.None).ToDictionary(reason => reason, _ => 0L);

    private long _handshakes;
    private long _handshakesFailed;

    public EdgeMetrics(Func<int> sessions, Func<int> routes, Func<int> paths)
    {
        _meter.CreateObservableUpDownCounter("uem.edge.sessions", sessions, "{session}", "Attached sessions");
        _meter.CreateObservableUpDownCounter("uem.edge.connections", () => Listeners.Sum(listener => listener.Connections), "{connection}", "TCP connections");
        _meter.CreateObservableUpDownCounter("uem.edge.connections_pending", () => Listeners.Sum(listener => listener.PendingCount), "{connection}", "TCP connections that have not attached");
        _meter.CreateObservableUpDownCounter("uem.edge.routes", routes, "{route}", "Route leases");
        _meter.CreateObservableUpDownCounter("uem.edge.udp_paths", paths, "{session}", "Sessions whose data goes over UDP");
        _meter.CreateObservableCounter("uem.edge.frames_forwarded", () => Sum(c => c.Frames), "{frame}", "Datagram frames forwarded");
        _meter.CreateObservableCounter("uem.edge.bytes", () => Sum(c => c.Bytes), "By", "Datagram payload bytes forwarded");
        _meter.CreateObservableCounter("uem.edge.frames_dropped", Drops, "{frame}", "Frames dropped, by reason");
        _meter.CreateObservableCounter("uem.edge.handshakes", Handshakes, "{handshake}", "TLS handshakes, by result");
        _meter.CreateObservableCounter("uem.edge.refusals", Refusals, "{refusal}", "Connections, sessions, tunnels and enrolments refused, by reason");
        _meter.CreateObservableCounter("uem.edge.session_ends", SessionEnds, "{session}", "Attached sessions that ended, by reason");
    }

    /// <summary>The listeners that are open.</summary>
    public IReadOnlyList<TlsListener> Listeners { get; set; } = [];

    public void Add(SessionCounters counters)
    {
        lock (_lock)
        {
            _live.Add(counters);
        }
    }

    public void Remove(SessionCounters counters)
    {
        lock (_lock)
        {
            if (_live.Remove(counters))
            {
                _over.AddAll(counters);
            }
        }
    }

    public void Refused(Reason reason) => Count(_refusals, reason);

    /// <summary>An attached session ended.</summary>
    public void Ended(Reason reason) => Count(_ends, reason);

    public void OnHandshake(Reason reason)
    {
        Interlocked.Increment(ref reason == Reason.None ? ref _handshakes : ref _handshakesFailed);
        if (reason != Reason.None)
        {
            Refused(reason);
        }
    }

    public void OnRefused(Reason reason) => Refused(reason);

    /// <summary>What was refused under a reason.</summary>
    public long Refusals(Reason reason)
    {
        lock (_lock)
        {
            return _refusals[reason];
        }
    }

    /// <summary>Frames dropped under a reason.</summary>
    public long Dropped(DropReason reason) => Sum(c => c.Drops(reason));

    public void Dispose() => _meter.Dispose();

    private long Sum(Func<SessionCounters, long> figure)
    {
        lock (_lock)
        {
            return figure(_over) + _live.Sum(figure);
        }
    }

    private IEnumerable<Measurement<long>> Drops() =>
        Enum.GetValues<DropReason>().Where(reason => reason != DropReason.Unspecified)
            .Select(reason => new Measurement<long>(Dropped(reason), Label(reason.ToString())));

    private IEnumerable<Measurement<long>> Handshakes() =>
    [
        new(Interlocked.Read(ref _handshakes), new KeyValuePair<string, object?>("result", "ok")),
        new(Interlocked.Read(ref _handshakesFailed), new KeyValuePair<string, object?>("result", "failed")),
    ];

    private Measurement<long>[] Refusals() => ByReason(_refusals);

    private Measurement<long>[] SessionEnds() => ByReason(_ends);

    private void Count(Dictionary<Reason, long> counts, Reason reason)
    {
        lock (_lock)
        {
            // A number of a later version counts as what it is to us: something refused it.
            var known = counts.ContainsKey(reason) ? reason : Reason.NotPermitted;
            counts[known]++;
        }
    }

    private Measurement<long>[] ByReason(Dictionary<Reason, long> counts)
    {
        lock (_lock)
        {
            return [.. counts.Select(pair => new Measurement<long>(pair.Value, Label(pair.Key.Describe())))];
        }
    }

    private static KeyValuePair<string, object?> Label(string reason) => new("reason", reason);
}
