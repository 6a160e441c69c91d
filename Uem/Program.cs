using System.CommandLine;
using System.CommandLine.Help;
using OrleansUem.Dtls;
using OrleansUem.Uem;
using OrleansUem.Uem.Commands;

var parsed = UemCommand.Create().Parse(args);
if (ParseErrors.Describe(parsed) is { } fault)
{
    await Console.Error.WriteLineAsync($"error: {fault}");
    return ExitCode.Refused;
}

// .NET's own cryptography ends the process without a word to a person when it finds no OpenSSL.
if (parsed.Action is not HelpAction && DtlsContext.FindMissingLibrary() is { } missing)
{
    await Console.Error.WriteLineAsync($"error: {missing}");
    return ExitCode.Refused;
}

if (parsed.Action is not HelpAction && FipsOptions.Apply(parsed) is { } refusal)
{
    await Console.Error.WriteLineAsync($"error: {refusal}");
    return ExitCode.Refused;
}

// Ctrl-C and SIGTERM cancel the command's token; it then drains and has this long before the process ends. With "device run" they are the app's.
return await parsed.InvokeAsync(new InvocationConfiguration
{
    ProcessTerminationTimeout = DeviceRunCommand.HandlesSignals(parsed) ? null : TimeSpan.FromSeconds(10),
    EnableDefaultExceptionHandler = false,
});
