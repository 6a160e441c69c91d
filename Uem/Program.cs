using System.CommandLine;
using OrleansUem.Uem;

var parsed = UemCommand.Create().Parse(args);
if (ParseErrors.Describe(parsed) is { } fault)
{
    await Console.Error.WriteLineAsync($"error: {fault}");
    return ExitCode.Refused;
}

// Ctrl-C and SIGTERM cancel the command's token; it then drains and has this long before the process ends.
return await parsed.InvokeAsync(new InvocationConfiguration
{
    ProcessTerminationTimeout = TimeSpan.FromSeconds(10),
    EnableDefaultExceptionHandler = false,
});
