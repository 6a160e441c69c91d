using System.CommandLine;
using System.CommandLine.Parsing;
using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Identity;
using OrleansUem.Device;
using OrleansUem.Device.Names;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Tunnel;

namespace OrleansUem.Uem.Commands;

/// <summary><c>uem device</c>: the agent on a managed Linux machine.</summary>
internal static class DeviceCommands
{
    public static Command Create() => new("device", "This machine as a managed device: enrol it once, then open its tunnel.")
    {
        CreateEnrol(),
        CreateUp(),
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

    private static Command CreateUp()
    {
        var state = CommandOptions.State("the device's");
        var tun = new Option<string>("--tun") { Description = "name of the tunnel's interface", HelpName = "NAME", DefaultValueFactory = _ => "uem0" };
        var mtu = Mtu();
        var acceptDefault = new Option<bool>("--accept-default-route") { Description = "let the node take all traffic of this machine, not only the organisation's networks" };
        var node = Node();
        var noUdp = NoUdp();
        var dns = new Option<NameMode>("--dns")
        {
            Description = "names of the organisation's domains: auto (systemd-resolved where the machine asks it, else a stub and /etc/resolv.conf), resolved, stub, or off",
            HelpName = "HOW",
            CustomParser = ReadNameMode,
            DefaultValueFactory = _ => NameMode.Auto,
        };

        // Each step is a status line already; log lines on top say the same again.
        var logLevel = CommandOptions.LogLevel(LogLevel.Warning);
        var command = new Command("up", "Open the tunnel and keep it open until Ctrl-C.") { state, tun, mtu, acceptDefault, node, noUdp, dns, logLevel };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            async () =>
            {
                using var loggers = CommandRunner.CreateLoggerFactory(parsed.GetValue(logLevel));
                var options = new DeviceOptions
                {
                    StateDirectory = parsed.GetRequiredValue(state),
                    TunName = parsed.GetRequiredValue(tun),
                    MtuBytes = parsed.GetValue(mtu),
                    AcceptsDefaultRoute = parsed.GetValue(acceptDefault),
                    Node = parsed.GetValue(node),
                    UsesUdp = !parsed.GetValue(noUdp),
                    Names = parsed.GetValue(dns),
                };
                await DeviceHost.RunAsync(options, loggers, TimeProvider.System, status => StatusLine.Write(status.Kind, status.Text), cancellationToken);
            },
            cancellationToken));
        return command;
    }

    private static NameMode ReadNameMode(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (Enum.GetValues<NameMode>().FirstOrDefault(mode => mode.ToString().Equals(text, StringComparison.OrdinalIgnoreCase), (NameMode)(-1)) is >= 0 and var known)
        {
            return known;
        }

        result.AddError($"--dns '{text}' is none of auto, resolved, stub, off.");
        return default;
    }
}
