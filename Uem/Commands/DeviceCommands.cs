using System.CommandLine;
using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Identity;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Tunnel;

namespace OrleansUem.Uem.Commands;

/// <summary><c>uem device</c>: the agent on a managed Linux machine.</summary>
internal static class DeviceCommands
{
    public static Command Create() => new("device", "This machine as a managed device: enrol it once, then open its tunnel.")
    {
        CreateEnrol(),
        DeviceUpCommand.Create(),
        DeviceRunCommand.Create(),
        DeviceStatusCommand.Create(),
        DeviceStatusCommand.CreateDown(),
        DeviceRunCommand.CreateHolder(),
    };

    internal static Option<int> Mtu() => new("--mtu")
    {
        HelpName = "BYTES",
        Description = $"the largest packet in bytes, {TunnelLimits.MtuBytesMin}..{TunnelLimits.MtuBytesMax}",
        DefaultValueFactory = _ => TunnelLimits.MtuBytesDefault,
    };

    internal static Option<string?> Node() => new("--node") { Description = "ask for this node of the organisation instead of any", HelpName = "NAME" };

    internal static Option<bool> NoUdp() => new("--no-udp") { Description = "carry all data to the relay over TLS on TCP" };

    private static Command CreateEnrol()
    {
        var activation = new Argument<string>("activation") { Description = "the uem://activate text from: uem node activate" };
        var state = CommandOptions.State("the device's");
        var command = new Command("enrol", "Get this device's certificate from the organisation's node. The key is made here and stays here.") { activation, state };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunToEndAsync(
            async () =>
            {
                using var loggers = CommandRunner.CreateLoggerFactory(LogLevel.Warning);
                var uri = EnrolmentTexts.Read(parsed.GetRequiredValue(activation), EnrolmentKind.Activate, "uem node activate");
                var directory = parsed.GetRequiredValue(state);
                var identity = await DeviceEnrolment.EnrolAsync(
                    uri, directory, TimeProvider.System, loggers.CreateLogger("OrleansUem.Device"), cancellationToken);
                Console.WriteLine($"device {identity.Name} enrolled with tenant {identity.Root.Short}; open its tunnel with: uem device up --state {directory}");
            },
            cancellationToken));
        return command;
    }
}
