using System.Diagnostics.Metrics;

namespace OrleansUem.LoadTest.EdgeAlone;

/// <summary>Reads the counters of the edge in this process, from its meter as an operator would.</summary>
internal sealed class EdgeCounters : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _frames;
    private long _bytes;

    public EdgeCounters()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "uem.edge" && instrument.Name is "uem.edge.frames_forwarded" or "uem.edge.bytes")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => (instrument.Name == "uem.edge.bytes" ? ref _bytes : ref _frames) = value);
        _listener.Start();
    }

    /// <summary>Datagram frames that were forwarded, and their payload.</summary>
    public (long Frames, long Bytes) Read()
    {
        _listener.RecordObservableInstruments();
        return (_frames, _bytes);
    }

    public void Dispose() => _listener.Dispose();
}
