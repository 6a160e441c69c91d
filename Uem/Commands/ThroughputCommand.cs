using System.CommandLine;
using OrleansUem.LoadTest.Throughput;
using OrleansUem.LoadTest.Throughput.Profiling;

namespace OrleansUem.Uem.Commands;

/// <summary><c>uem load throughput</c> and <c>uem load profile</c>.</summary>
internal static class ThroughputCommand
{
    public static Command Create()
    {
        var runs = new Option<int>("--runs") { Description = $"rounds on each kind of link, 1..{ThroughputOptions.RunsMax}; the tables show medians", HelpName = "COUNT", DefaultValueFactory = _ => 3 };
        var seconds = new Option<int>("--seconds") { Description = $"length of each TCP measurement, 1..{ThroughputOptions.SecondsMax}", HelpName = "SECONDS", DefaultValueFactory = _ => 4 };
        var systems = Names("--systems", "which systems, separated by commas (default: all that are installed)");
        var links = Names("--links", "offloads of the links: as-is, gro, none, separated by commas (default: all)");
        var output = new Option<string?>("--out") { Description = "write throughput.md and throughput.json there", HelpName = "DIR" };
        var command = new Command("throughput", "Measure OrleansUem and every installed peer (wireguard-go, OpenVPN, …) side by side in network namespaces. Needs root.")
        {
            runs, seconds, systems, links, output,
        };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            async () =>
            {
                var options = new ThroughputOptions
                {
                    Program = OwnProgram(),
                    Runs = parsed.GetValue(runs),
                    Seconds = parsed.GetValue(seconds),
                    Systems = Split(parsed.GetValue(systems)),
                    Links = parsed.GetValue(links) is { } text ? [.. Split(text).Select(ReadLink)] : LinkVariants.All,
                    OutputDirectory = parsed.GetValue(output),
                };
                Console.WriteLine(await ThroughputBenchmark.RunAsync(options, line => Console.Error.WriteLine(line), cancellationToken));
            },
            cancellationToken));
        return command;
    }

    public static Command CreateProfile()
    {
        var seconds = new Option<int>("--seconds") { Description = $"how long to sample, 1..{ThroughputOptions.SecondsMax}", HelpName = "SECONDS", DefaultValueFactory = _ => 10 };
        var down = new Option<bool>("--down") { Description = "the stream goes down to the device instead of up" };
        var system = new Option<string>("--system") { Description = "uem, uem-node-tcp or uem-tcp", HelpName = "NAME", DefaultValueFactory = _ => "uem" };
        system.AcceptOnlyFromAmong("uem", "uem-node-tcp", "uem-tcp");
        var link = new Option<string>("--link") { Description = "offloads of the links: as-is, gro or none", HelpName = "NAME", DefaultValueFactory = _ => "as-is" };
        var command = new Command("profile", "Show where device, edge and node spend their time while one TCP stream runs through the tunnel. Needs root and perf.")
        {
            seconds, down, system, link,
        };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            async () =>
            {
                var options = new ThroughputOptions
                {
                    Program = OwnProgram(),
                    Seconds = parsed.GetValue(seconds),
                    Systems = [parsed.GetRequiredValue(system)],
                    Links = [ReadLink(parsed.GetRequiredValue(link))],
                };
                Console.WriteLine(await TunnelProfile.RunAsync(options, parsed.GetValue(down), line => Console.Error.WriteLine(line), cancellationToken));
            },
            cancellationToken));
        return command;
    }

    private static Option<string?> Names(string name, string description) => new(name) { Description = description, HelpName = "NAMES" };

    private static string[] Split(string? names) => names?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    private static LinkVariant ReadLink(string name) =>
        LinkVariants.Find(name) ?? throw new FormatException($"the link '{name}' is none of {string.Join(", ", LinkVariants.All.Select(LinkVariants.NameOf))}.");

    // Started as 'dotnet uem.dll' or as a program of its own.
    public static string[] OwnProgram() => Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet"
        ? [path, Path.Combine(AppContext.BaseDirectory, "uem.dll")]
        : [Environment.ProcessPath ?? "uem"];
}
