namespace OrleansUem.LoadTest.Machines;

/// <summary>How a program ended and what it wrote.</summary>
public sealed record CommandResult(string CommandLine, int ExitCode, string Output, string Errors)
{
    /// <summary>Throws with everything the program said unless it ended with 0.</summary>
    public CommandResult EnsureSuccess() => ExitCode == 0
        ? this
        : throw new InvalidOperationException($"'{CommandLine}' ended with {ExitCode}.\nstdout: {Output}\nstderr: {Errors}");
}
