using System.CommandLine;
using System.CommandLine.Parsing;
using Microsoft.Extensions.Logging;
using OrleansUem.Device;
using OrleansUem.Device.Apps;
using OrleansUem.Device.Names;

namespace OrleansUem.Uem.Commands;

/// <summary><c>uem device up</c>: the tunnel of the whole machine, or with <c>--apps</c> of a named set of apps.</summary>
internal static class DeviceUpCommand
{
    public static Command Create()
    {
        var state = CommandOptions.State("the device's");
        var apps = new Option<string[]>("--apps")
        {
            Description = "keep the tunnel for these programs alone, names or paths with commas between them; start each with: uem device run --state DIR -- NAME. "
                + "Everything else on this machine stays as it is. Needs no root where the kernel gives users namespaces.",
            HelpName = "NAME,...",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = true,
        };
        var tun = new Option<string>("--tun") { Description = "name of the tunnel's interface", HelpName = "NAME", DefaultValueFactory = _ => "uem0" };
        var mtu = DeviceCommands.Mtu();
        var acceptDefault = new Option<bool>("--accept-default-route") { Description = "let the node take all traffic of this machine, not only the organisation's networks" };
        var node = DeviceCommands.Node();
        var noUdp = DeviceCommands.NoUdp();
        var dns = new Option<NameMode>("--dns")
        {
            Description = "names of the organisation's domains: auto (systemd-resolved where the machine asks it, else a stub and /etc/resolv.conf), resolved, stub, or off",
            HelpName = "HOW",
            CustomParser = ReadNameMode,
            DefaultValueFactory = _ => NameMode.Auto,
        };

        // Each step is a status line already; log lines on top say the same again.
        var logLevel = CommandOptions.LogLevel(LogLevel.Warning);
        var command = new Command("up", "Open the tunnel and keep it open until Ctrl-C: for the whole machine, or with --apps for a named set of apps.")
        {
            state, apps, tun, mtu, acceptDefault, node, noUdp, dns, logLevel,
        };
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
                if (parsed.GetResult(apps) is null)
                {
                    await DeviceHost.RunAsync(options, loggers, TimeProvider.System, Show, cancellationToken);
                    return;
                }

                CommandOptions.Refuse(parsed, "has no meaning with --apps: the apps have no other network and no other name servers than the tunnel's.", acceptDefault, dns);
                var set = new AppSetOptions { Device = options, Names = AppNames.Read(apps.Name, parsed.GetRequiredValue(apps)), HolderCommand = DeviceRunCommand.HolderCommand };
                await AppSet.RunAsync(set, loggers, TimeProvider.System, Show, cancellationToken);
            },
            cancellationToken));
        return command;
    }

    private static void Show(DeviceStatus status) => StatusLine.Write(status.Kind, status.Text);

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
