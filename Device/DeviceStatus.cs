using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device;

/// <summary>One step of the agent, for a person and for programs.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Text">One line for people. May name addresses and peers: it belongs on the person's screen and not in a log.</param>
public sealed record DeviceStatus(DeviceStatusKind Kind, string Text)
{
    /// <summary>With an end: why.</summary>
    public Reason Reason { get; init; }

    /// <summary>With an end: when the next attempt begins; null when not by time.</summary>
    public TimeSpan? RetryIn { get; init; }

    /// <summary>With <see cref="DeviceStatusKind.Up"/>: what the node gave.</summary>
    public TunnelConfiguration? Configuration { get; init; }

    /// <summary>With <see cref="DeviceStatusKind.Secured"/>: the end-to-end suite.</summary>
    public string? Suite { get; init; }

    /// <summary>With <see cref="DeviceStatusKind.TunnelOpen"/> and later: the node.</summary>
    public string? Node { get; init; }

    /// <summary>With <see cref="DeviceStatusKind.Connecting"/>: the relay, HOST:PORT.</summary>
    public string? Relay { get; init; }

    /// <summary>With <see cref="DeviceStatusKind.Attached"/>: the edge's name.</summary>
    public string? Edge { get; init; }

    /// <summary>With <see cref="DeviceStatusKind.Path"/>: whether data goes over UDP from now on.</summary>
    public bool? IsUdp { get; init; }
}
