using OrleansUem.LoadTest.Machines;

namespace OrleansUem.LoadTest.Throughput;

/// <summary>Short programs of a measurement that have to succeed.</summary>
internal static class CommandLine
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Runs one to its end.</summary>
    /// <param name="where">Null: our own network.</param>
    /// <param name="input">What it reads.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="command">Program and arguments.</param>
    /// <returns>Its standard output without white space around it.</returns>
    public static async Task<string> RunAsync(NetNamespace? where, string? input, CancellationToken cancellationToken, params string[] command) =>
        (await ChildProcess.RunAsync(where, $"running {command[0]}", Limit, command, input, cancellationToken)).EnsureSuccess().Output.Trim();
}
