using System.Net;
using Microsoft.Extensions.Logging;
using OrleansUem.Edge;

namespace OrleansUem.LoadTest.Hostile;

/// <summary>The edge under attack, in a process of its own: the product's edge with its defaults, and its figures on standard output.</summary>
public static class AttackedEdge
{
    /// <summary>Often enough that a peak of memory is seen, seldom enough that it costs nothing.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>Runs it until it is told to stop.</summary>
    /// <param name="stateDirectory">Of an edge that has joined.</param>
    /// <param name="silo">HOST:PORT.</param>
    /// <param name="maxPending">Its limit of connections that have not attached; null: the product's.</param>
    /// <param name="loggers">Logs.</param>
    /// <param name="output">Gets the ports, <c>ready DEVICES NODES UDP</c>, then the figures again and again.</param>
    /// <param name="cancellationToken">Tells it to stop.</param>
    public static async Task RunAsync(
        string stateDirectory, string silo, int? maxPending, ILoggerFactory loggers, TextWriter output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        using var meter = new EdgeMeter();
        var limits = new EdgeLimits();
        var options = new EdgeOptions
        {
            StateDirectory = stateDirectory,
            Silos = [silo],
            DeviceEndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            NodeEndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            DrainTime = TimeSpan.Zero,
            Limits = limits with { MaxPending = maxPending ?? limits.MaxPending },
        };
        var running = EdgeHost.RunAsync(
            options,
            loggers,
            TimeProvider.System,
            ready => output.WriteLine($"ready {ready.DeviceEndPoints[0].Port} {ready.NodeEndPoints[0].Port} {ready.UdpEndPoints[0].Port}"),
            cancellationToken);
        using var timer = new PeriodicTimer(Interval, TimeProvider.System);
        while (!running.IsCompleted && await timer.WaitForNextTickAsync(CancellationToken.None))
        {
            await output.WriteLineAsync(meter.Read().ToLine());
        }

        await running;
    }
}
