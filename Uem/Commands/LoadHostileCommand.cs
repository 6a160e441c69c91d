using System.CommandLine;
using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Identity;
using OrleansUem.LoadTest.Hostile;
using OrleansUem.Protocol.Identity;

namespace OrleansUem.Uem.Commands;

/// <summary><c>uem load hostile</c>, and the two processes that it starts.</summary>
internal static class LoadHostileCommand
{
    private static readonly HostileOptions Defaults = new() { Program = [] };

    public static Command Create()
    {
        var attacks = new Option<string?>("--attacks") { Description = "which, separated by commas (default: all): " + string.Join(", ", HostileLoad.AttackNames), HelpName = "NAMES" };
        var connections = Count("--connections", "connections of an attack that holds them, 1..15000", Defaults.Connections);
        var handshakes = Count("--handshakes", "whole TLS handshakes of an attack, 1..10000", Defaults.Handshakes);
        var datagrams = Count("--datagrams", "UDP datagrams of an attack", Defaults.Datagrams);
        var datagramsPerSecond = Count("--datagrams-per-second", "how fast, 100..1000000", Defaults.DatagramsPerSecond);
        var frames = Count("--frames", "frames of an attached attacker", Defaults.Frames);
        var addresses = Count("--addresses", $"addresses of 127.0.0.0/8 that attacks come from, 1..{HostileOptions.AddressesMax}", Defaults.Addresses);
        var hold = Count("--hold", "seconds that an attack goes on waiting for the edge, 1..300", (int)Defaults.HoldTime.TotalSeconds);
        var packets = Count("--packets-per-second", "of each of the two tunnels beside, 10..20000", Defaults.PacketsPerSecond);
        var command = new Command("hostile", "Attack an edge on this machine and show what it refuses, its memory, and what becomes of other tunnels.")
        {
            attacks, connections, handshakes, datagrams, datagramsPerSecond, frames, addresses, hold, packets,
        };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            async () =>
            {
                var options = new HostileOptions
                {
                    Program = ThroughputCommand.OwnProgram(),
                    Attacks = parsed.GetValue(attacks)?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [],
                    Connections = parsed.GetValue(connections),
                    Handshakes = parsed.GetValue(handshakes),
                    Datagrams = parsed.GetValue(datagrams),
                    DatagramsPerSecond = parsed.GetValue(datagramsPerSecond),
                    Frames = parsed.GetValue(frames),
                    Addresses = parsed.GetValue(addresses),
                    HoldTime = TimeSpan.FromSeconds(parsed.GetValue(hold)),
                    PacketsPerSecond = parsed.GetValue(packets),
                };
                Console.WriteLine(await HostileLoad.RunAsync(options, line => Console.Error.WriteLine(line), cancellationToken));
            },
            cancellationToken));
        return command;
    }

    public static Command CreateEdge()
    {
        var state = CommandOptions.State("the edge's");
        var silo = new Option<string>("--silo") { HelpName = "HOST:PORT", Required = true };
        var pending = new Option<int?>("--max-pending") { HelpName = "COUNT" };
        var command = new Command("hostile-edge", "The edge of 'load hostile', with its figures on standard output.") { state, silo, pending };
        command.Hidden = true;
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            async () =>
            {
                using var loggers = CommandRunner.CreateLoggerFactory(LogLevel.Warning);
                await AttackedEdge.RunAsync(
                    parsed.GetRequiredValue(state), parsed.GetRequiredValue(silo), parsed.GetValue(pending), loggers, Console.Out, cancellationToken);
            },
            cancellationToken));
        return command;
    }

    public static Command CreateBystanders()
    {
        var folder = new Option<string>("--folder") { HelpName = "DIR", Required = true };
        var relay = CommandOptions.HostPort("--relay", "the edge's address for devices");
        var packets = new Option<int>("--packets-per-second") { HelpName = "COUNT", Required = true };
        var command = new Command("hostile-bystanders", "Node and devices of 'load hostile'. Reads the invitation from standard input.") { folder, relay, packets };
        command.Hidden = true;
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            async () =>
            {
                using var loggers = CommandRunner.CreateLoggerFactory(LogLevel.Warning);
                var (host, port) = CommandOptions.ReadHostPort("--relay", parsed.GetRequiredValue(relay));
                var invitation = EnrolmentTexts.Read(await Console.In.ReadLineAsync(cancellationToken) ?? "", EnrolmentKind.Invite, "uem admin invite");
                await Bystanders.RunAsync(
                    invitation, parsed.GetRequiredValue(folder), new RelayAddress(host, port), parsed.GetValue(packets), loggers, Console.Out, cancellationToken);
            },
            cancellationToken));
        return command;
    }

    private static Option<int> Count(string name, string description, int value) => new(name)
    {
        HelpName = "COUNT",
        Description = description,
        DefaultValueFactory = _ => value,
    };
}
