using System.CommandLine;
using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Apps;
using OrleansUem.Device;
using OrleansUem.Device.Apps;

namespace OrleansUem.Uem.Commands;

/// <summary><c>uem device run -- COMMAND</c>: one app whose only network is the tunnel.</summary>
internal static class DeviceRunCommand
{
    /// <summary>Exit status of a failure of ours, as with env(1) and timeout(1): the command's own statuses are all others.</summary>
    private const int NotStarted = 125;

    private const string HolderName = "hold-app-network";

    /// <summary>Whether the command handles Ctrl-C and SIGTERM itself: they are the app's.</summary>
    public static bool HandlesSignals(ParseResult parsed) => parsed.CommandResult.Command.Name == "run";

    public static Command Create()
    {
        var state = CommandOptions.State("the device's");
        var mtu = DeviceCommands.Mtu();
        var node = DeviceCommands.Node();
        var noUdp = DeviceCommands.NoUdp();
        var wait = new Option<int>("--wait") { Description = "how long the tunnel may take before the command is given up, 1..86400", HelpName = "SECONDS", DefaultValueFactory = _ => 60 };
        var verbose = new Option<bool>("--verbose") { Description = "show the steps of the tunnel on standard error" };
        var logLevel = CommandOptions.LogLevel(LogLevel.Warning);
        var words = new Argument<string[]>("command") { Description = "after --: the program and its arguments", Arity = ArgumentArity.OneOrMore };
        var command = new Command(
            "run",
            "Run a command whose only network is the tunnel (per-app VPN): uem device run --state DIR -- curl http://intranet/. Joins a running uem device up --apps of the directory, "
            + "or opens a tunnel for the command alone. Needs no root where the kernel gives users namespaces.")
        {
            state, mtu, node, noUdp, wait, verbose, logLevel, words,
        };
        command.SetAction(async parsed =>
        {
            var typed = parsed.GetRequiredValue(words);
            if (AppProcesses.Find(typed[0], out var exitCode) is not { } program)
            {
                await Console.Error.WriteLineAsync(exitCode == AppProcesses.NotFound
                    ? $"error: There is no command '{typed[0]}'."
                    : $"error: '{typed[0]}' is no program that you may run.");
                return exitCode;
            }

            var failure = await CommandRunner.RunAsync(
                async () =>
                {
                    var seconds = parsed.GetValue(wait);
                    if (seconds is < 1 or > 86_400)
                    {
                        throw new FormatException($"--wait {seconds} is out of range: 1 to 86400 seconds.");
                    }

                    using var loggers = CommandRunner.CreateLoggerFactory(parsed.GetValue(logLevel));
                    var options = new AppRunOptions
                    {
                        Device = new DeviceOptions { StateDirectory = parsed.GetRequiredValue(state), MtuBytes = parsed.GetValue(mtu), Node = parsed.GetValue(node), UsesUdp = !parsed.GetValue(noUdp) },
                        Command = [program, .. typed[1..]],
                        HolderCommand = HolderCommand,
                        TunnelTimeout = TimeSpan.FromSeconds(seconds),
                    };
                    var screen = new Screen(parsed.GetValue(verbose));
                    using var join = await AppJoin.FindAsync(options.Device.StateDirectory, TimeProvider.System, CancellationToken.None);
                    if (join is not null)
                    {
                        CommandOptions.Refuse(parsed, "belongs to the running agent, which has the tunnel already: leave it out.", mtu, node, noUdp);
                    }

                    exitCode = join is null
                        ? await AppRun.RunAsync(options, loggers, TimeProvider.System, screen.Show)
                        : await join.RunAsync(options, TimeProvider.System, screen.Show);
                },
                CancellationToken.None);
            return failure == ExitCode.Ok ? exitCode : NotStarted;
        });
        return command;
    }

    /// <summary>The command line of <see cref="CreateHolder"/>.</summary>
    public static string[] HolderCommand => [.. OwnCommandLine.Get(), "device", HolderName];

    /// <summary>The part of <c>run</c> and <c>up --apps</c> that is started inside new namespaces; not for people.</summary>
    public static Command CreateHolder()
    {
        var command = new Command(HolderName, "Used by run and up --apps.") { Hidden = true };
        command.SetAction(_ => AppNetworkHolder.Run());
        return command;
    }

    /// <summary>Standard output is the app's; standard error too, once it runs, unless the person asked for more.</summary>
    private sealed class Screen(bool isVerbose)
    {
        private volatile bool _isTheApps;

        public void Show(DeviceStatus status)
        {
            var isTrouble = status.Kind is DeviceStatusKind.Detached or DeviceStatusKind.TunnelClosed or DeviceStatusKind.RouteSkipped;
            if (isVerbose || (isTrouble && !_isTheApps))
            {
                Console.Error.WriteLine($"uem: {status.Text}");
            }

            _isTheApps |= status.Kind == DeviceStatusKind.AppStarted;
        }
    }
}
