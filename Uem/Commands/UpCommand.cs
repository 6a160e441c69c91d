using System.CommandLine;
using System.Net;
using Microsoft.Extensions.Logging;
using OrleansUem.Edge;
using OrleansUem.Edge.State;
using OrleansUem.Protocol.Identity;
using OrleansUem.Silo;
using OrleansUem.Silo.Admin;
using OrleansUem.Silo.State;

namespace OrleansUem.Uem.Commands;

/// <summary><c>uem up</c>: silo and edge in one process, the whole relay of a small installation. The same hosts as apart, linked over loopback.</summary>
internal static class UpCommand
{
    private const string EdgeName = "edge-1";
    private const string SiloFolder = "silo";

    public static Command Create()
    {
        var state = CommandOptions.State("the relay's");
        var database = CommandOptions.DatabaseFile();
        var edgeOptions = new EdgeListenOptions();
        var life = new TunnelLifeOptions();
        var logLevel = CommandOptions.LogLevel();
        var command = new Command("up", "Run a whole relay, silo and edge in one process. Sets itself up at the first start.") { state, database };
        edgeOptions.AddTo(command);
        life.AddTo(command);
        var healthOptions = new HealthOptions();
        healthOptions.AddTo(command);
        command.Add(logLevel);
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            async () =>
            {
                using var loggers = CommandRunner.CreateLoggerFactory(parsed.GetValue(logLevel));
                var directory = parsed.GetRequiredValue(state);
                var health = (Silo: new SiloHealth(TimeProvider.System), Edge: new EdgeHealth());
                await using var listener = await healthOptions.StartAsync(parsed, loggers, health.Silo, health.Edge);
                await RunAsync(
                    new SiloOptions
                    {
                        StateDirectory = Path.Combine(directory, SiloFolder),
                        Listen = new IPEndPoint(IPAddress.Loopback, 0),
                        DatabaseFile = parsed.GetValue(database),
                        Grains = life.Read(parsed),
                    },
                    silo => edgeOptions.Read(parsed, Path.Combine(directory, "edge"), [silo.ToString()]),
                    health,
                    loggers,
                    cancellationToken);
            },
            cancellationToken));
        return command;
    }

    /// <summary>The silo's state directory where a person named <c>uem up</c>'s; the directory itself otherwise.</summary>
    public static string SiloStateIn(string directory) =>
        !SiloState.Exists(directory) && SiloState.Exists(Path.Combine(directory, SiloFolder)) ? Path.Combine(directory, SiloFolder) : directory;

    private static async Task RunAsync(
        SiloOptions siloOptions,
        Func<IPEndPoint, EdgeOptions> edgeOptions,
        (SiloHealth Silo, EdgeHealth Edge) health,
        ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        if (!Directory.Exists(siloOptions.StateDirectory))
        {
            SiloInit.Create(siloOptions.StateDirectory, "silo-1", TimeProvider.System);
        }

        // The edge stops first: its last reports still find the silo.
        using var stopSilo = new CancellationTokenSource();
        using var stopEdge = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var ready = new TaskCompletionSource<SiloReady>(TaskCreationOptions.RunContinuationsAsynchronously);
        var silo = SiloHost.RunAsync(
            siloOptions,
            loggers,
            TimeProvider.System,
            health.Silo,
            ready.SetResult,
            stopSilo.Token);
        try
        {
            if (await Task.WhenAny(silo, ready.Task) == silo)
            {
                await silo;
                return;
            }

            var started = await ready.Task;
            SiloCommands.ReportReady(started);
            var options = edgeOptions(started.ControlEndPoint);
            if (!EdgeState.Exists(options.StateDirectory) || EdgeState.IsToBeRenewed(options.StateDirectory, TimeProvider.System.GetUtcNow()))
            {
                await JoinAsync(started, options.StateDirectory, loggers, cancellationToken);
            }

            var edge = EdgeHost.RunAsync(options, loggers, TimeProvider.System, health.Edge, EdgeCommands.ReportReady, stopEdge.Token);
            if (await Task.WhenAny(silo, edge) == silo)
            {
                await stopEdge.CancelAsync();
            }

            await edge;
        }
        finally
        {
            // Not thrown here: what failed first is what the person reads, and it is the last line.
            await stopSilo.CancelAsync();
            await Task.WhenAny(silo);
        }

        await silo;
    }

    private static async Task JoinAsync(SiloReady silo, string edgeState, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        using var admin = new AdminConnection(silo.AdminSocketPath);
        var token = await admin.CreateEdgeTokenAsync(
            new EdgeTokenRequest(EdgeName, silo.ControlEndPoint.Address.ToString(), silo.ControlEndPoint.Port), cancellationToken);
        var uri = EnrolmentTexts.Read(token.Uri, EnrolmentKind.Join, "uem admin edge-token");
        await EdgeJoin.JoinAsync(uri, edgeState, TimeProvider.System, loggers, cancellationToken);
    }
}
