using System.CommandLine;
using System.Net;
using Microsoft.Extensions.Logging;
using OrleansUem.Transport.Health;

namespace OrleansUem.Uem;

/// <summary>Whether and where a role of the relay tells of its health; shared by silo, edge and up.</summary>
internal sealed class HealthOptions
{
    private const string ListenName = "--health-listen";

    private readonly Option<string?> _listen = new(ListenName)
    {
        Description = "serve /health/live and /health/ready over plain HTTP here, for load balancers and supervisors; give an inner address",
        HelpName = "ADDR:PORT",
    };

    private readonly Option<bool> _metrics = new("--metrics") { Description = $"serve /metrics there too, in Prometheus' text format; needs {ListenName}" };

    public void AddTo(Command command)
    {
        command.Add(_listen);
        command.Add(_metrics);
    }

    /// <summary>Starts the listener; null when none is asked for.</summary>
    /// <exception cref="FormatException">An option is not good.</exception>
    /// <exception cref="IOException">It can't listen there.</exception>
    public async Task<HealthServer?> StartAsync(ParseResult parsed, ILoggerFactory loggers, params IHealthSource[] sources)
    {
        var hasMetrics = parsed.GetValue(_metrics);
        if (parsed.GetValue(_listen) is not { } text)
        {
            return hasMetrics ? throw new FormatException($"--metrics needs {ListenName} ADDR:PORT, where it is served.") : null;
        }

        if (!text.Contains(':', StringComparison.Ordinal) || !IPEndPoint.TryParse(text, out var endPoint))
        {
            throw new FormatException($"{ListenName} '{text}' is not ADDRESS:PORT, as in 127.0.0.1:9100.");
        }

        var server = await HealthServer.StartAsync(endPoint, sources, hasMetrics, loggers);
        Console.WriteLine($"health on http://{server.LocalEndPoint}/health/ready{(hasMetrics ? ", metrics on /metrics" : "")}");
        return server;
    }
}
