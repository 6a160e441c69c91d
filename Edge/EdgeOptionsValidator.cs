using System.Globalization;
using System.Net;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;
using OrleansUem.Transport.Datagrams;

namespace OrleansUem.Edge;

/// <summary>Refuses settings that can't work, before anything is started.</summary>
public static class EdgeOptionsValidator
{
    /// <summary>Checks all settings.</summary>
    /// <param name="options">The settings.</param>
    /// <returns>One line for each fault, with option, value and bound; empty when all is well.</returns>
    public static IReadOnlyList<string> Validate(EdgeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var faults = new List<string>();
        if (string.IsNullOrWhiteSpace(options.StateDirectory))
        {
            faults.Add("StateDirectory '' must name a directory.");
        }

        if (options.Silos.Count is 0 or > 64)
        {
            faults.Add($"Silos has {options.Silos.Count} entries; 1..64 are possible.");
        }

        faults.AddRange(options.Silos.Where(silo => !TryReadAddress(silo, out _, out _))
            .Select(silo => $"Silos '{silo}' is not HOST:PORT with a port of 1..65535."));
        if (options.DeviceEndPoints.Count + options.NodeEndPoints.Count == 0)
        {
            faults.Add("DeviceEndPoints and NodeEndPoints are both empty; at least one is needed.");
        }

        Within(faults, nameof(EdgeOptions.DrainTime), options.DrainTime, TimeSpan.Zero, TimeSpan.FromMinutes(5));
        Within(faults, nameof(EdgeOptions.AuditCaptureMaxBytes), options.AuditCaptureMaxBytes, 1_024, 64L * 1024 * 1024 * 1024);
        ValidateUdp(options, faults);
        ValidateLimits(options.Limits, faults);
        return faults;
    }

    /// <summary>Checks all settings.</summary>
    /// <param name="options">The settings.</param>
    /// <exception cref="ArgumentException">With every fault.</exception>
    public static void ThrowIfInvalid(EdgeOptions options)
    {
        var faults = Validate(options);
        if (faults.Count > 0)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, faults), nameof(options));
        }
    }

    internal static bool TryReadAddress(string? text, out string host, out int port)
    {
        var colon = text?.LastIndexOf(':') ?? -1;
        host = colon > 0 ? text![..colon].Trim('[', ']') : "";
        port = 0;
        return Uri.CheckHostName(host) != UriHostNameType.Unknown
            && Digits.TryParsePort(text.AsSpan(colon + 1), out port);
    }

    private static void ValidateUdp(EdgeOptions options, List<string> faults)
    {
        var udp = options.Udp;
        const int bufferMin = 64 * 1024;
        const int bufferMax = 64 * 1024 * 1024;
        Within(faults, nameof(udp.DevicePort), udp.DevicePort ?? 1, 1, IPEndPoint.MaxPort);
        Within(faults, nameof(udp.NodePort), udp.NodePort ?? 1, 1, IPEndPoint.MaxPort);
        Within(faults, nameof(udp.Threads), udp.Threads, 1, 64);
        Within(faults, nameof(udp.ReceiveBufferBytes), udp.ReceiveBufferBytes, bufferMin, bufferMax);
        Within(faults, nameof(udp.SendBufferBytes), udp.SendBufferBytes, bufferMin, bufferMax);
        if (udp.IsOffered && options.DeviceEndPoints.Count + options.NodeEndPoints.Count > DatagramWaiter.SocketsMax)
        {
            faults.Add($"DeviceEndPoints and NodeEndPoints have {options.DeviceEndPoints.Count + options.NodeEndPoints.Count} entries; with UDP at most {DatagramWaiter.SocketsMax} are possible.");
        }
    }

    private static void ValidateLimits(EdgeLimits limits, List<string> faults)
    {
        const int queueMin = 32 * 1024;
        const int queueMax = 1024 * 1024 * 1024;
        Within(faults, nameof(limits.MaxConnections), limits.MaxConnections, 1, 10_000_000);
        Within(faults, nameof(limits.MaxConnectionsPerAddress), limits.MaxConnectionsPerAddress, 1, 10_000_000);
        Within(faults, nameof(limits.MaxPending), limits.MaxPending, 1, 1_000_000);
        Within(faults, nameof(limits.HandshakeThreads), limits.HandshakeThreads, 1, HandshakeThreads.CountMax);
        Within(faults, nameof(limits.MaxSessions), limits.MaxSessions, 1, 10_000_000);
        Within(faults, nameof(limits.MaxTunnelsPerNode), limits.MaxTunnelsPerNode, 1, Protocol.Wire.Channel.MaxIndex);
        Within(faults, nameof(limits.MaxOpensPerDevice), limits.MaxOpensPerDevice, 1, 1_000);
        Within(faults, nameof(limits.OpensPerMinute), limits.OpensPerMinute, 1, 100_000);
        Within(faults, nameof(limits.HandshakeTimeout), limits.HandshakeTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Within(faults, nameof(limits.NodeAnswerTimeout), limits.NodeAnswerTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Within(faults, nameof(limits.EnrolmentTimeout), limits.EnrolmentTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        Within(faults, nameof(limits.MaxRequestsPerEnrolment), limits.MaxRequestsPerEnrolment, 1, 1_000);
        Within(faults, nameof(limits.EnrolmentsPerSecond), limits.EnrolmentsPerSecond, 1, 1_000_000);
        Within(faults, nameof(limits.EnrolmentsPerSecondPerAddress), limits.EnrolmentsPerSecondPerAddress, 1, limits.EnrolmentsPerSecond);
        Within(faults, nameof(limits.KeepAlive), limits.KeepAlive, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(600));
        Within(faults, nameof(limits.TunnelQueueBytes), limits.TunnelQueueBytes, queueMin, queueMax);
        Within(faults, nameof(limits.DeviceQueueBytes), limits.DeviceQueueBytes, limits.TunnelQueueBytes, queueMax);
        Within(faults, nameof(limits.NodeQueueBytes), limits.NodeQueueBytes, limits.TunnelQueueBytes, queueMax);
        Within(faults, nameof(limits.MaxBundles), limits.MaxBundles, 1, 10_000_000);
        Within(faults, nameof(limits.BundleTime), limits.BundleTime, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        Within(faults, nameof(limits.RefusedBundleTime), limits.RefusedBundleTime, TimeSpan.Zero, TimeSpan.FromMinutes(10));
    }

    private static void Within<T>(List<string> faults, string option, T value, T min, T max)
        where T : IComparable<T>
    {
        if (value.CompareTo(min) < 0 || value.CompareTo(max) > 0)
        {
            faults.Add(string.Create(CultureInfo.InvariantCulture, $"{option} {value} is out of its range {min}..{max}."));
        }
    }
}
