using System.CommandLine;
using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Identity;
using OrleansUem.LoadTest.Sessions;
using OrleansUem.Protocol.Identity;

namespace OrleansUem.Uem.Commands;

/// <summary><c>uem load sessions</c>, and the processes that it starts.</summary>
internal static class LoadSessionsCommand
{
    private static readonly SessionsOptions Defaults = new() { Program = [] };

    public static Command Create()
    {
        var count = Number("--count", $"sessions that are measured, 1..{SessionsOptions.CountMax}", Defaults.Count);
        var warmUp = Number("--warm-up", $"sessions before them, which stay and are not counted, 1..{SessionsOptions.WarmUpMax}", Defaults.WarmUp);
        var concurrency = Number("--concurrency", "set-ups at a time, 1..256", Defaults.Concurrency);
        var udp = Udp("devices' data goes over UDP (default: over TCP)");
        var command = new Command("sessions", "What an idle session with its tunnel costs edge and node in memory, and setting one up each role in CPU time.") { count, warmUp, concurrency, udp };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            async () =>
            {
                var options = new SessionsOptions
                {
                    Program = OwnCommandLine.Get(),
                    Count = parsed.GetValue(count),
                    WarmUp = parsed.GetValue(warmUp),
                    Concurrency = parsed.GetValue(concurrency),
                    UsesUdp = parsed.GetValue(udp),
                };
                Console.WriteLine(await SessionsLoad.RunAsync(options, line => Console.Error.WriteLine(line), cancellationToken));
            },
            cancellationToken));
        return command;
    }

    public static Command CreatePart()
    {
        var part = new Argument<string>("part");
        part.AcceptOnlyFromAmong([.. SessionsPart.Names]);
        var folder = new Option<string>("--folder") { HelpName = "DIR", Required = true };
        var address = new Option<string?>("--address") { HelpName = "HOST:PORT" };
        var first = Number("--first", "number of the first device", 0);
        var count = Number("--count", "devices", 0);
        var concurrency = Number("--concurrency", "set-ups at a time", Defaults.Concurrency);
        var udp = Udp("over UDP");
        var command = new Command("sessions-part", "A process of 'load sessions'. Edge and node read their token from standard input.") { part, folder, address, first, count, concurrency, udp };
        command.Hidden = true;
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            async () =>
            {
                using var loggers = CommandRunner.CreateLoggerFactory(LogLevel.Warning);
                var name = parsed.GetRequiredValue(part);
                var secret = name switch
                {
                    "edge" => EnrolmentTexts.Read(await ReadAsync(cancellationToken), EnrolmentKind.Join, "uem admin edge-token"),
                    "node" => EnrolmentTexts.Read(await ReadAsync(cancellationToken), EnrolmentKind.Invite, "uem admin invite"),
                    _ => null,
                };
                var relay = parsed.GetValue(address) is { } text && CommandOptions.ReadHostPort("--address", text) is var (host, port) ? new RelayAddress(host, port) : null;
                var share = new SessionsShare(parsed.GetValue(first), parsed.GetValue(count), parsed.GetValue(concurrency), parsed.GetValue(udp));
                await SessionsPart.RunAsync(name, parsed.GetRequiredValue(folder), relay, secret, share, loggers, Console.Out, cancellationToken);
            },
            cancellationToken));
        return command;
    }

    private static async Task<string> ReadAsync(CancellationToken cancellationToken) => await Console.In.ReadLineAsync(cancellationToken) ?? "";

    private static Option<bool> Udp(string description) => new("--udp") { Description = description };

    private static Option<int> Number(string name, string description, int value) => new(name)
    {
        HelpName = "COUNT",
        Description = description,
        DefaultValueFactory = _ => value,
    };
}
