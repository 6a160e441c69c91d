using System.Net;

namespace OrleansUem.Edge;

/// <summary>Settings of an edge. All need a restart. <see cref="EdgeOptionsValidator"/> states the bounds.</summary>
public sealed record EdgeOptions
{
    /// <summary>Where certificate, key and installation root are; made by <see cref="State.EdgeJoin"/>.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The silos' control listeners, HOST:PORT each; at least one. The edge keeps a link to every one.</summary>
    public required IReadOnlyList<string> Silos { get; init; }

    /// <summary>Where devices and enrolments connect. Default 0.0.0.0:443. Port 0 takes a free one.</summary>
    public IReadOnlyList<IPEndPoint> DeviceEndPoints { get; init; } = [new IPEndPoint(IPAddress.Any, 443)];

    /// <summary>Where nodes and enrolments connect. Default 0.0.0.0:3101.</summary>
    public IReadOnlyList<IPEndPoint> NodeEndPoints { get; init; } = [new IPEndPoint(IPAddress.Any, 3101)];

    /// <summary>The UDP listeners.</summary>
    public EdgeUdpOptions Udp { get; init; } = new();

    /// <summary>Limits.</summary>
    public EdgeLimits Limits { get; init; } = new();

    /// <summary>
    /// How long sessions are given to go elsewhere on stop, 0..5 min. Default 1 s: GOAWAY tells each a moment within it, then CLOSE ends the rest.
    /// </summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A file that gets every datagram payload that the edge forwards, as it stands in memory after TLS: proof of what the relay can see. Null, the
    /// default: none. Format, all numbers big-endian: the 8 bytes <c>UEMAUD1\n</c>, then for each frame u64 Unix milliseconds, u64 session id,
    /// u32 channel, u16 length and the payload. It ends at <see cref="AuditCaptureMaxBytes"/>.
    /// WARNING: the payloads are end-to-end ciphertext, but their times, sizes and session ids are traffic data of the users, and writing them costs
    /// throughput. For tests and audits only.
    /// </summary>
    public string? AuditCapturePath { get; init; }

    /// <summary>Where the capture stops, 1 KiB..64 GiB. Default 256 MiB.</summary>
    public long AuditCaptureMaxBytes { get; init; } = 256L * 1024 * 1024;
}
