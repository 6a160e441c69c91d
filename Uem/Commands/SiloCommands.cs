using System.CommandLine;
using System.Net;
using OrleansUem.Silo;
using OrleansUem.Silo.State;

namespace OrleansUem.Uem.Commands;

/// <summary><c>uem silo</c>: the process that hosts the grains.</summary>
internal static class SiloCommands
{
    public static Command Create()
    {
        var state = CommandOptions.State("the silo's");
        var listen = CommandOptions.EndPoints("--listen", "where edges link and join", "0.0.0.0:3102");
        var database = CommandOptions.DatabaseFile();
        var clusterListen = ClusterEndPoint("--cluster-listen", "where the installation's other silos reach this one, with mutual TLS (Orleans builds; default 0.0.0.0:3103)");
        var clusterAdvertise = ClusterEndPoint("--cluster-advertise", "the address and port that the other silos are told; needed when --cluster-listen is all addresses");
        var life = new TunnelLifeOptions();
        var logLevel = CommandOptions.LogLevel();
        var command = new Command("silo", "Run a silo: it decides who may attach and which tunnels open.") { state, listen, database, clusterListen, clusterAdvertise, logLevel };
        life.AddTo(command);
        var healthOptions = new HealthOptions();
        healthOptions.AddTo(command);
        command.Add(CreateInit());
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            async () =>
            {
                using var loggers = CommandRunner.CreateLoggerFactory(parsed.GetValue(logLevel));
                var options = new SiloOptions
                {
                    StateDirectory = parsed.GetRequiredValue(state),
                    Listen = Single(parsed.GetRequiredValue(listen)),
                    DatabaseFile = parsed.GetValue(database),
                    ClusterListen = ReadEndPoint(clusterListen.Name, parsed.GetValue(clusterListen)),
                    ClusterAdvertise = ReadEndPoint(clusterAdvertise.Name, parsed.GetValue(clusterAdvertise)),
                    Grains = life.Read(parsed),
                };
                var health = new SiloHealth(TimeProvider.System);
                await using var listener = await healthOptions.StartAsync(parsed, loggers, health);
                await SiloHost.RunAsync(options, loggers, TimeProvider.System, health, ReportServing, cancellationToken);
            },
            cancellationToken));
        return command;
    }

    /// <summary>Says that the silo serves, and where.</summary>
    public static void ReportReady(SiloReady ready) => Console.WriteLine(Describe(ready));

    // The silo alone is the service; in 'uem up' the edge has the last word.
    private static void ReportServing(SiloReady ready)
    {
        ReportReady(ready);
        ServiceNotice.Ready(Describe(ready));
    }

    private static string Describe(SiloReady ready) =>
        $"silo {ready.Silo} ready: control links on {ready.ControlEndPoint}, installation {ready.Installation.Short}, administration over {ready.AdminSocketPath}";

    private static Option<string?> ClusterEndPoint(string name, string description) => new(name) { Description = description, HelpName = "ADDRESS:PORT" };

    private static IPEndPoint? ReadEndPoint(string option, string? text) => text is null ? null
        : IPEndPoint.TryParse(text, out var endPoint) && endPoint.Port != 0 ? endPoint
        : throw new FormatException($"{option} '{text}' is not ADDRESS:PORT with a port of 1..65535.");

    private static IPEndPoint Single(IPEndPoint[] endPoints) =>
        endPoints.Length == 1 ? endPoints[0] : throw new FormatException("--listen takes one ADDRESS:PORT.");

    private static Command CreateInit()
    {
        var state = CommandOptions.State("the silo's");
        var name = new Option<string>("--name") { Description = "the silo's name", HelpName = "NAME", DefaultValueFactory = _ => "silo-1" };
        var like = new Option<string?>("--like") { Description = "state directory of a silo of the installation, or a copy of it: makes a further silo", HelpName = "DIR" };
        var command = new Command("init", "Set up a new installation: its CA, the silo's certificate and the database; or a further silo of one.") { state, name, like };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            () =>
            {
                var directory = parsed.GetRequiredValue(state);
                var silo = parsed.GetRequiredValue(name);
                if (parsed.GetValue(like) is { } first)
                {
                    var joined = SiloInit.CreateLike(directory, silo, first, TimeProvider.System);
                    Console.WriteLine($"silo {silo} of installation {joined} made; start it on the database of the others: uem silo --state {directory}");
                    return Task.CompletedTask;
                }

                var installation = SiloInit.Create(directory, silo, TimeProvider.System);
                Console.WriteLine($"installation {installation} made; start its silo with: uem silo --state {directory}");
                return Task.CompletedTask;
            },
            cancellationToken));
        return command;
    }
}
