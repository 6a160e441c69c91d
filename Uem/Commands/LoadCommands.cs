using System.CommandLine;
using System.Net;
using OrleansUem.Agent.Identity;
using OrleansUem.LoadTest.EdgeAlone;
using OrleansUem.LoadTest.Fleet;
using OrleansUem.LoadTest.Machines;
using OrleansUem.LoadTest.Micro;
using OrleansUem.LoadTest.Web;

namespace OrleansUem.Uem.Commands;

/// <summary><c>uem load</c>: measurements, and the server that demonstrations fetch pages from.</summary>
internal static class LoadCommands
{
    public static Command Create() => new("load", "Measure this machine and installation, or serve pages to measure with.")
    {
        CreateWeb(),
        CreateMicro(),
        CreateSmoke(),
        CreateDevices(),
        CreateStarts(),
        CreateEdge(),
        ThroughputCommand.Create(),
        LoadFuzzCommand.Create(),
        LoadHostileCommand.Create(),
        LoadHostileCommand.CreateEdge(),
        LoadHostileCommand.CreateBystanders(),
        LoadSessionsCommand.Create(),
        LoadSessionsCommand.CreatePart(),
        ThroughputCommand.CreateProfile(),
    };

    private static Command CreateWeb()
    {
        var listen = new Option<string>("--listen") { Description = "ADDRESS:PORT to serve on", DefaultValueFactory = _ => "127.0.0.1:8080" };
        var command = new Command("web", "Serve a small page at /, /bytes/N and /sha256/N.") { listen };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            () =>
            {
                var text = parsed.GetRequiredValue(listen);
                return IPEndPoint.TryParse(text, out var endPoint)
                    ? WebServer.RunAsync(endPoint, ready => Console.WriteLine($"web server ready on http://{ready}/"), cancellationToken)
                    : throw new FormatException($"--listen '{text}' is not ADDRESS:PORT.");
            },
            cancellationToken));
        return command;
    }

    private static Command CreateMicro()
    {
        var what = new Argument<string>("what") { Description = "actors, dtls (handshakes), packets or records" };
        what.AcceptOnlyFromAmong("actors", "dtls", "packets", "records");
        var database = CommandOptions.DatabaseFile();
        database.Description = "with actors: a file of mode 0600 that names an empty PostgreSQL database, to measure durable writes on";
        var command = new Command("micro", "Micro-benchmarks of one part.") { what, database };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            () => parsed.GetRequiredValue(what) switch
            {
                "dtls" => DtlsBenchmarks.RunAsync(Console.Out, cancellationToken),
                "packets" => PacketBenchmarks.RunAsync(Console.Out, cancellationToken),
                "records" => RecordBenchmarks.RunAsync(Console.Out, cancellationToken),
                _ => ActorHostBenchmarks.RunAsync(Console.Out, parsed.GetValue(database), cancellationToken),
            },
            cancellationToken));
        return command;
    }

    private static Command CreateSmoke()
    {
        var devices = Devices(50);
        var database = CommandOptions.DatabaseFile();
        var command = new Command("smoke", "A whole relay and node in this process, devices that enrol, open tunnels, exchange packets and leave.") { devices, database };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            async () =>
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                limit.CancelAfter(TimeSpan.FromMinutes(4));
                Console.WriteLine(await FleetLoad.RunSmokeAsync(parsed.GetValue(devices), parsed.GetValue(database), limit.Token));
            },
            cancellationToken));
        return command;
    }

    private static Command CreateDevices()
    {
        var devices = Devices(100);
        var nodeState = new Option<string>("--node-state") { Description = "state directory of the running node, to make activations", HelpName = "DIR", Required = true };
        var relay = CommandOptions.HostPort("--relay", "the edge's address for devices");
        var command = new Command("devices", "Enrol many devices with a running relay and node and keep their tunnels open, at rest, until Ctrl-C.") { devices, nodeState, relay };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            () =>
            {
                var (host, port) = CommandOptions.ReadHostPort("--relay", parsed.GetRequiredValue(relay));
                return FleetLoad.HoldAsync(
                    parsed.GetRequiredValue(nodeState), new RelayAddress(host, port), parsed.GetValue(devices), Console.WriteLine, cancellationToken);
            },
            cancellationToken));
        return command;
    }

    private static Command CreateStarts()
    {
        var arguments = new Argument<string[]>("arguments") { Description = "a role with its options, after --: silo --state DIR", Arity = ArgumentArity.OneOrMore };
        var runs = new Option<int>("--runs") { Description = $"how often, 1..{StartLoad.MaxRuns}", DefaultValueFactory = _ => 5 };
        var command = new Command("starts", "Start a role of this program several times and measure how long each takes until it says that it is ready.") { arguments, runs };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            async () => Console.WriteLine(await StartLoad.RunAsync(
                [.. OwnCommandLine.Get(), .. parsed.GetRequiredValue(arguments)], parsed.GetValue(runs), cancellationToken)),
            cancellationToken));
        return command;
    }

    private static Command CreateEdge()
    {
        var devices = new Option<int>("--devices") { Description = $"device sessions, 1..{EdgeLoad.DevicesMax}", HelpName = "COUNT", DefaultValueFactory = _ => 200 };
        var seconds = new Option<int>("--seconds") { Description = $"length of each measurement, 1..{EdgeLoad.SecondsMax}", HelpName = "SECONDS", DefaultValueFactory = _ => 4 };
        var command = new Command("edge", "What forwarding costs an edge between many devices and one node over UDP, in CPU time of its threads.") { devices, seconds };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            () => EdgeLoad.RunAsync(parsed.GetValue(devices), parsed.GetValue(seconds), Console.WriteLine, cancellationToken),
            cancellationToken));
        return command;
    }

    private static Option<int> Devices(int count) => new("--devices") { Description = $"how many, 1..{FleetLoad.MaxDevices}", DefaultValueFactory = _ => count };
}
