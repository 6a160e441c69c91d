using System.CommandLine;
using Microsoft.Extensions.Logging;
using OrleansUem.Edge;
using OrleansUem.Edge.State;
using OrleansUem.Protocol.Identity;

namespace OrleansUem.Uem.Commands;

/// <summary><c>uem edge</c>: the public socket process of the relay.</summary>
internal static class EdgeCommands
{
    public static Command Create()
    {
        var state = CommandOptions.State("the edge's");
        var silos = new Option<string[]>("--silo")
        {
            Description = "a silo's control listener; give it several times for several silos",
            HelpName = "HOST:PORT",
            Required = true,
        };
        var options = new EdgeListenOptions();
        var logLevel = CommandOptions.LogLevel();
        var command = new Command("edge", "Run an edge: it takes the sessions of devices and nodes and forwards their frames.") { state, silos, logLevel };
        options.AddTo(command);
        var healthOptions = new HealthOptions();
        healthOptions.AddTo(command);
        command.Add(CreateJoin());
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            async () =>
            {
                using var loggers = CommandRunner.CreateLoggerFactory(parsed.GetValue(logLevel));
                foreach (var silo in parsed.GetRequiredValue(silos))
                {
                    CommandOptions.ReadHostPort("--silo", silo);
                }

                var health = new EdgeHealth();
                await using var listener = await healthOptions.StartAsync(parsed, loggers, health);
                await EdgeHost.RunAsync(
                    options.Read(parsed, parsed.GetRequiredValue(state), parsed.GetRequiredValue(silos)),
                    loggers,
                    TimeProvider.System,
                    health,
                    ReportReady,
                    cancellationToken);
            },
            cancellationToken));
        return command;
    }

    /// <summary>Says that the edge listens, and where.</summary>
    public static void ReportReady(EdgeReady ready)
    {
        var line = $"edge {ready.EdgeId} ready: devices on {string.Join(", ", ready.DeviceEndPoints)}, nodes on {string.Join(", ", ready.NodeEndPoints)}, "
            + (ready.UdpEndPoints.Count == 0 ? "no UDP" : $"UDP on {string.Join(", ", ready.UdpEndPoints.Select(endPoint => endPoint.Port))}")
            + (ready.IsLinked ? ", linked to a silo" : ", NOT linked to a silo yet: it attaches nobody until it is");
        Console.WriteLine(line);
        ServiceNotice.Ready(line);
    }

    private static Command CreateJoin()
    {
        var token = new Argument<string>("token") { Description = "the uem://join text from: uem admin edge-token" };
        var state = CommandOptions.State("the edge's");
        var command = new Command("join", "Get this edge's certificate from a silo. The key is made here and stays here.") { token, state };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunToEndAsync(
            async () =>
            {
                using var loggers = CommandRunner.CreateLoggerFactory(LogLevel.Warning);
                var uri = EnrolmentTexts.Read(parsed.GetRequiredValue(token), EnrolmentKind.Join, "uem admin edge-token");
                var edge = await EdgeJoin.JoinAsync(uri, parsed.GetRequiredValue(state), TimeProvider.System, loggers, cancellationToken);
                Console.WriteLine($"edge {edge} joined installation {uri.Installation.Short}; start it with: uem edge --state {parsed.GetRequiredValue(state)} --silo {uri.Host}:{uri.Port}");
            },
            cancellationToken));
        return command;
    }
}
