using System.Diagnostics.Metrics;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Node;

/// <summary>
/// The meter <c>uem.node</c>. Every drop reason is there from the start at zero, so that a dashboard shows it before it happens. Counting is an interlocked addition:
/// nothing is allocated per packet.
/// </summary>
internal sealed class NodeMetrics : IDisposable
{
    public const string MeterName = "uem.node";

    private static readonly DropReason[] Reasons = [.. Enum.GetValues<DropReason>().Where(reason => reason != DropReason.Unspecified)];

    private readonly Meter _meter = new(MeterName);
    private readonly DropCounters _drops = new();
    private long _packetsToDevices;
    private long _bytesToDevices;
    private long _packetsFromDevices;
    private long _bytesFromDevices;
    private long _tunnels;

    public NodeMetrics()
    {
        _meter.CreateObservableCounter("uem.node.packets_dropped", ObserveDrops, "{packet}", "Packets and datagrams dropped, by reason.");
        _meter.CreateObservableCounter("uem.node.packets", () => ByDirection(_packetsToDevices, _packetsFromDevices), "{packet}", "Packets forwarded.");
        _meter.CreateObservableCounter("uem.node.bytes", () => ByDirection(_bytesToDevices, _bytesFromDevices), "By", "Bytes of packets forwarded.");
        _meter.CreateObservableGauge("uem.node.tunnels", () => Interlocked.Read(ref _tunnels), "{tunnel}", "Tunnels, handshakes included.");
    }

    public long PacketsToDevices => Interlocked.Read(ref _packetsToDevices);

    public long PacketsFromDevices => Interlocked.Read(ref _packetsFromDevices);

    public long Tunnels
    {
        get => Interlocked.Read(ref _tunnels);
        set => Interlocked.Exchange(ref _tunnels, value);
    }

    public void Drop(DropReason reason) => _drops.Add(reason);

    public void Drop(DropReason reason, int count) => _drops.Add(reason, count);

    public long Dropped(DropReason reason) => _drops[reason];

    public void ToDevice(int packets, long bytes)
    {
        Interlocked.Add(ref _packetsToDevices, packets);
        Interlocked.Add(ref _bytesToDevices, bytes);
    }

    public void FromDevice(int packets, long bytes)
    {
        Interlocked.Add(ref _packetsFromDevices, packets);
        Interlocked.Add(ref _bytesFromDevices, bytes);
    }

    public void Dispose() => _meter.Dispose();

    private static Measurement<long>[] ByDirection(long toDevices, long fromDevices) =>
    [
        new(toDevices, new KeyValuePair<string, object?>("direction", "to_device")),
        new(fromDevices, new KeyValuePair<string, object?>("direction", "from_device")),
    ];

    private IEnumerable<Measurement<long>> ObserveDrops() =>
        Reasons.Select(reason => new Measurement<long>(Dropped(reason), new KeyValuePair<string, object?>("reason", reason.ToString())));
}
