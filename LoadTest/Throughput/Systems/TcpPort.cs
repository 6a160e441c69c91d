using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using OrleansUem.LoadTest.Machines;

namespace OrleansUem.LoadTest.Throughput.Systems;

/// <summary>Waits for servers that do not say when they are ready.</summary>
internal static class TcpPort
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>Returns once a connection is accepted.</summary>
    /// <param name="from">The namespace to connect from.</param>
    /// <param name="address">Whom.</param>
    /// <param name="port">Where.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TimeoutException">None was.</exception>
    public static async Task WaitAsync(NetNamespace from, string address, int port, CancellationToken cancellationToken)
    {
        var startedAt = Stopwatch.GetTimestamp();
        while (!from.Run(() => Accepts(address, port)))
        {
            if (Stopwatch.GetElapsedTime(startedAt) > Limit)
            {
                throw new TimeoutException(string.Create(CultureInfo.InvariantCulture, $"{address}:{port} accepts no connection."));
            }

            await Task.Delay(Interval, TimeProvider.System, cancellationToken);
        }
    }

    private static bool Accepts(string address, int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Parse(address), port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
