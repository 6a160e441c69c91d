using System.Net;
using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Paths;

/// <summary>
/// The edge's UDP sockets and the threads that work on them: first <see cref="Bind"/> for each TLS listener, then <see cref="Start"/>. Dispose it after the sessions are over.
/// </summary>
internal sealed partial class UdpPlane(EdgeServer server, EdgeUdpOptions options) : IDisposable
{
    private readonly List<UdpListener> _listeners = [];
    private readonly List<DatagramWorker> _workers = [];
    private int _isSegmentationRefused;

    /// <summary>Where it listens.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints => [.. _listeners.Select(listener => listener.LocalEndPoint)];

    /// <summary>Opens the sockets beside a TLS listener.</summary>
    /// <param name="endPoint">That listener's address and port.</param>
    /// <param name="alpn">Whose listener it is.</param>
    /// <returns>Null when UDP is not offered.</returns>
    /// <exception cref="IOException">The address can't be bound.</exception>
    public UdpListener? Bind(IPEndPoint endPoint, string alpn)
    {
        if (!options.IsOffered)
        {
            return null;
        }

        var (port, option) = alpn == Alpn.Device ? (options.DevicePort, "--devices-udp") : (options.NodePort, "--nodes-udp");
        var listener = UdpListener.Bind(new IPEndPoint(endPoint.Address, port ?? endPoint.Port), options, option, OnSegmentationRefused);
        _listeners.Add(listener);
        LogListening(server.Logger, alpn, listener.LocalEndPoint.Port);
        return listener;
    }

    /// <summary>Starts the threads.</summary>
    public void Start()
    {
        for (var i = 0; i < options.Threads && _listeners.Count > 0; i++)
        {
            _workers.Add(new DatagramWorker(server, [.. _listeners], i));
        }
    }

    public void Dispose()
    {
        _workers.ForEach(worker => worker.Dispose());
        _listeners.ForEach(listener => listener.Dispose());
    }

    // Each socket finds out by itself; one line is enough.
    private void OnSegmentationRefused(string why)
    {
        if (Interlocked.Exchange(ref _isSegmentationRefused, 1) == 0)
        {
            LogSegmentationRefused(server.Logger, why);
        }
    }

    [LoggerMessage(1061, LogLevel.Information, "Listening for {Alpn} on UDP port {Port}")]
    private static partial void LogListening(ILogger logger, string alpn, int port);

    [LoggerMessage(1062, LogLevel.Warning, "The kernel does not take runs of UDP datagrams ({Why}): they go one by one, at several times the CPU")]
    private static partial void LogSegmentationRefused(ILogger logger, string why);
}
