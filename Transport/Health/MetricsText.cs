using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace OrleansUem.Transport.Health;

/// <summary>
/// The process's own meters in Prometheus' text format (version 0.0.4): every instrument of a meter whose name begins with <c>uem.</c>. Observable instruments are asked
/// at each reading; counters and up-down counters that count by themselves are added up from the listener's start. Histograms are left out: we have none.
/// </summary>
public sealed class MetricsText : IDisposable
{
    /// <summary>The content type of the format.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private const string Prefix = "uem.";

    private readonly Lock _lock = new();
    private readonly MeterListener _listener = new();
    private readonly SortedDictionary<string, Family> _families = new(StringComparer.Ordinal);

    /// <summary>Listens from now on.</summary>
    public MetricsText()
    {
        _listener.InstrumentPublished = OnPublished;
        _listener.SetMeasurementEventCallback<long>(static (instrument, value, tags, state) => ((MetricsText)state!).Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>(static (instrument, value, tags, state) => ((MetricsText)state!).Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>(static (instrument, value, tags, state) => ((MetricsText)state!).Take(instrument, value, tags));
        _listener.MeasurementsCompleted = (instrument, _) => Forget(instrument);
        _listener.Start();
    }

    /// <summary>All figures now.</summary>
    public string Read()
    {
        lock (_lock)
        {
            // What is no longer observed is gone; it is called back below on this thread, and the lock is one that a thread may take twice.
            foreach (var family in _families.Values.Where(static family => family.IsObservable))
            {
                family.Values.Clear();
            }

            _listener.RecordObservableInstruments();
            var text = new StringBuilder();
            foreach (var (name, family) in _families)
            {
                text.Append("# HELP ").Append(name).Append(' ').Append(family.Help).Append('\n')
                    .Append("# TYPE ").Append(name).Append(' ').Append(family.IsCounter ? "counter" : "gauge").Append('\n');
                foreach (var (labels, value) in family.Values)
                {
                    text.Append(name).Append(labels).Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
                }
            }

            return text.ToString();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private void OnPublished(Instrument instrument, MeterListener listener)
    {
        if (!instrument.Meter.Name.StartsWith(Prefix, StringComparison.Ordinal) || IsCounter(instrument) is not { } isCounter)
        {
            return;
        }

        lock (_lock)
        {
            var name = NameOf(instrument, isCounter);
            if (!_families.ContainsKey(name))
            {
                _families.Add(name, new Family(Escape(instrument.Description ?? "", isLabel: false), isCounter, instrument.IsObservable));
            }
        }

        listener.EnableMeasurementEvents(instrument, this);
    }

    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var name = NameOf(instrument, IsCounter(instrument) == true);
        var labels = LabelsOf(tags);
        lock (_lock)
        {
            if (_families.TryGetValue(name, out var family))
            {
                // Two meters of one name in a process (a test's second edge) add up; an observable family was cleared before.
                family.Values[labels] = family.Values.GetValueOrDefault(labels) + value;
            }
        }
    }

    private void Forget(Instrument instrument)
    {
        lock (_lock)
        {
            if (instrument.IsObservable && _families.TryGetValue(NameOf(instrument, IsCounter(instrument) == true), out var family))
            {
                family.Values.Clear();
            }
        }
    }

    // Null: none that has a form here.
    private static bool? IsCounter(Instrument instrument)
    {
        var type = instrument.GetType().GetGenericTypeDefinition();
        return type == typeof(ObservableCounter<>) || type == typeof(Counter<>) ? true
            : type == typeof(ObservableUpDownCounter<>) || type == typeof(UpDownCounter<>) || type == typeof(ObservableGauge<>) ? false
            : null;
    }

    private static string NameOf(Instrument instrument, bool isCounter) =>
        instrument.Name.Replace('.', '_') + (isCounter ? "_total" : "");

    private static string LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
        {
            return "";
        }

        var text = new StringBuilder("{");
        foreach (var (name, value) in tags)
        {
            text.Append(text.Length > 1 ? "," : "").Append(name.Replace('.', '_')).Append("=\"")
                .Append(Escape(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "", isLabel: true)).Append('"');
        }

        return text.Append('}').ToString();
    }

    private static string Escape(string text, bool isLabel)
    {
        var escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return isLabel ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped;
    }

    private sealed record Family(string Help, bool IsCounter, bool IsObservable)
    {
        public SortedDictionary<string, double> Values { get; } = new(StringComparer.Ordinal);
    }
}
