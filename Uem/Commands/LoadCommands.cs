using System.CommandLine;
using System.Net;
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
        var what = new Argument<string>("what") { Description = "actors or dtls" };
        what.AcceptOnlyFromAmong("actors", "dtls");
        var command = new Command("micro", "Micro-benchmarks of one part.") { what };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            () => parsed.GetRequiredValue(what) == "dtls"
                ? DtlsBenchmarks.RunAsync(Console.Out, cancellationToken)
                : ActorHostBenchmarks.RunAsync(Console.Out, cancellationToken),
            cancellationToken));
        return command;
    }
}
