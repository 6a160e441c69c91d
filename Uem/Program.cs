using System.CommandLine;
using OrleansUem.Uem;
using OrleansUem.Uem.Commands;

var root = new RootCommand("OrleansUem: a self-hosted secure relay and unified endpoint management. Work apps on devices reach servers behind the firewall, through a relay that cannot read them.")
{
    UpCommand.Create(),
    SiloCommands.Create(),
    EdgeCommands.Create(),
    NodeCommands.Create(),
    DeviceCommands.Create(),
    AdminCommands.Create(),
    LoadCommands.Create(),
};
var parsed = root.Parse(args);
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
