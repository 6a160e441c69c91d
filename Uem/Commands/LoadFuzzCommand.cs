using System.CommandLine;
using OrleansUem.LoadTest.Fuzz;

namespace OrleansUem.Uem.Commands;

/// <summary><c>uem load fuzz</c>.</summary>
internal static class LoadFuzzCommand
{
    public static Command Create()
    {
        var target = new Option<string?>("--target") { Description = "one parser; without it, all of them: " + string.Join(", ", FuzzLoad.TargetNames), HelpName = "NAME" };
        var count = new Option<long>("--count") { Description = "inputs to each parser, at least 1", DefaultValueFactory = _ => FuzzLoad.DefaultCount };
        var seed = new Option<ulong>("--seed") { Description = "of the mutations: the same seed gives the same inputs", DefaultValueFactory = _ => 1 };
        var failures = new Option<string>("--failures") { Description = "directory for inputs that broke a promise", HelpName = "DIR", DefaultValueFactory = _ => "fuzz-failures" };
        var replay = new Option<string?>("--replay") { Description = "feed the one input of this file to --target", HelpName = "FILE" };
        var command = new Command("fuzz", "Feed mutated inputs to every parser of untrusted bytes.") { target, count, seed, failures, replay };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            () =>
            {
                var failed = parsed.GetValue(replay) is { } file
                    ? FuzzLoad.Replay(parsed.GetValue(target) ?? throw new FormatException("--replay needs --target."), file, Console.Out)
                    : Run(parsed.GetValue(target), parsed.GetValue(count), parsed.GetValue(seed), parsed.GetRequiredValue(failures), cancellationToken);
                return failed == 0 ? Task.CompletedTask : throw new InvalidOperationException($"{failed} of the parsers broke a promise.");
            },
            cancellationToken));
        return command;
    }

    private static int Run(string? target, long count, ulong seed, string failures, CancellationToken cancellationToken) => count < 1
        ? throw new FormatException($"--count {count} is below 1.")
        : FuzzLoad.Run(target, count, seed, failures, Console.Out, cancellationToken);
}
