using OrleansUem.Protocol.Wire;

namespace OrleansUem.Node;

/// <summary>One step of a node's life for the person who runs it. Not for programs to act on, and not a log: device names are in it.</summary>
/// <param name="Kind">Which step.</param>
/// <param name="Text">One line for people.</param>
public sealed record NodeStatus(NodeStatusKind Kind, string Text)
{
    /// <summary>The device, with tunnels and enrolments.</summary>
    public string? Device { get; init; }

    /// <summary>The edge, when attached.</summary>
    public string? Edge { get; init; }

    /// <summary>The device's address in the tunnel.</summary>
    public string? Address { get; init; }

    /// <summary>Suite of the outer TLS when attached, of the end-to-end DTLS with a tunnel.</summary>
    public string? Suite { get; init; }

    /// <summary>Why, with ends and refusals.</summary>
    public Reason Reason { get; init; }

    /// <summary>Bytes of packets from the device, with <see cref="NodeStatusKind.TunnelClosed"/>.</summary>
    public long BytesFromDevice { get; init; }

    /// <summary>Bytes of packets to the device, with <see cref="NodeStatusKind.TunnelClosed"/>.</summary>
    public long BytesToDevice { get; init; }

    public override string ToString() => Text;
}
