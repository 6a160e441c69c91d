using System.Diagnostics;
using System.Diagnostics.Metrics;
using OrleansUem.Edge;

namespace OrleansUem.LoadTest.Hostile;

/// <summary>Reads the meter of the edge in this process.</summary>
internal sealed class EdgeMeter : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);

    public EdgeMeter()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == EdgeMetrics.MeterName)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>What is not zero now.</summary>
    public EdgeFigures Read()
    {
        _counts.Clear();
        _listener.RecordObservableInstruments();
        using var process = Process.GetCurrentProcess();
        return new EdgeFigures(process.WorkingSet64, process.TotalProcessorTime.TotalSeconds, new Dictionary<string, long>(_counts));
    }

    public void Dispose() => _listener.Dispose();

    private void Add(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var name = instrument.Name[(EdgeMetrics.MeterName.Length + 1)..] + (tags.Length == 0 ? "" : $"/{tags[0].Value}");
        if (value != 0)
        {
            _counts[name] = value;
        }
    }
}
