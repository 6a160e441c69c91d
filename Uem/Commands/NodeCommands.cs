using System.CommandLine;
using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Identity;
using OrleansUem.Node;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;

namespace OrleansUem.Uem.Commands;

/// <summary><c>uem node</c>: the organisation's side.</summary>
internal static class NodeCommands
{
    public static Command Create()
    {
        var state = CommandOptions.State("the node's");
        var egress = new NodeEgressOptions();
        var logLevel = CommandOptions.LogLevel();
        var command = new Command("node", "Run a node: it dials out to the relay and lets devices reach the organisation's network. Before the first start: uem node init; for each device: uem node activate.") { state, logLevel };
        egress.AddTo(command);
        command.Add(CreateInit());
        command.Add(CreateActivate());
        command.Add(CreateRevoke());
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            async () =>
            {
                using var loggers = CommandRunner.CreateLoggerFactory(parsed.GetValue(logLevel));
                await NodeHost.RunAsync(
                    egress.Read(parsed, parsed.GetRequiredValue(state)),
                    loggers,
                    TimeProvider.System,
                    status => StatusLine.Write(status.Kind, status.Text),
                    cancellationToken);
            },
            cancellationToken));
        return command;
    }

    private static Command CreateInit()
    {
        var invitation = new Argument<string>("invitation") { Description = "the uem://invite text from: uem admin invite" };
        var state = CommandOptions.State("the node's");
        var name = new Option<string>("--name") { Description = "the node's name", HelpName = "NAME", DefaultValueFactory = _ => "node-1" };
        var tenant = new Option<string?>("--tenant-name") { Description = "what people call the organisation (default: the node's name)", HelpName = "TEXT" };
        var command = new Command("init", "Make the organisation's CA here and register it with the relay. Its key never leaves this directory.") { invitation, state, name, tenant };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunToEndAsync(
            async () =>
            {
                using var loggers = CommandRunner.CreateLoggerFactory(LogLevel.Warning);
                var uri = EnrolmentTexts.Read(parsed.GetRequiredValue(invitation), EnrolmentKind.Invite, "uem admin invite");
                var directory = parsed.GetRequiredValue(state);
                var node = NodeId.Parse(parsed.GetRequiredValue(name));
                var identity = await NodeInit.InitAsync(
                    uri, directory, node, parsed.GetValue(tenant) ?? node.Text, loggers, TimeProvider.System, cancellationToken);
                Console.WriteLine($"tenant {identity.Root} registered; start its node {identity.Name} with: uem node --state {directory} --route CIDR --nat");
            },
            cancellationToken));
        return command;
    }

    private static Command CreateActivate()
    {
        var device = new Argument<string>("device") { Description = "the name the device will have" };
        var state = CommandOptions.State("the node's");
        var relay = new Option<string?>("--relay") { Description = "the edge's address for devices, as the device reaches it (default: the node's relay, port 443)", HelpName = "HOST:PORT" };
        var hours = new Option<double>("--hours") { HelpName = "HOURS", Description = "how long it is good for, one minute to 720 hours", DefaultValueFactory = _ => NodeActivations.DefaultLifetime.TotalHours };
        var command = new Command("activate", "Print a uem://activate text with which one device gets its certificate.") { device, state, relay, hours };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            () =>
            {
                var lifetime = parsed.GetValue(hours);
                if (!(lifetime >= NodeActivations.LifetimeMin.TotalHours && lifetime <= NodeActivations.LifetimeMax.TotalHours))
                {
                    throw new FormatException($"--hours {lifetime} is out of range: {NodeActivations.LifetimeMin.TotalHours:F3} (a minute) to {NodeActivations.LifetimeMax.TotalHours}.");
                }

                RelayAddress? address = null;
                if (parsed.GetValue(relay) is { } text)
                {
                    var (host, port) = CommandOptions.ReadHostPort("--relay", text);
                    address = new RelayAddress(host, port);
                }

                var uri = NodeActivations.Create(
                    parsed.GetRequiredValue(state), DeviceId.Parse(parsed.GetRequiredValue(device)), TimeProvider.System, TimeSpan.FromHours(lifetime), address);
                Console.WriteLine(uri.ToSecretText());
                Console.Error.WriteLine($"Good once, for {lifetime:0.##} hour(s). Whoever has the text can enrol in the device's place. On the device: uem device enrol 'TEXT' --state DIR");
                return Task.CompletedTask;
            },
            cancellationToken));
        return command;
    }

    private static Command CreateRevoke()
    {
        var device = new Argument<string>("device") { Description = "the device's name" };
        var state = CommandOptions.State("the node's");
        var command = new Command("revoke", "Cut off every certificate that the device has, and its open tunnel. A new activation lets it in again.") { device, state };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            () =>
            {
                var count = NodeActivations.Revoke(
                    parsed.GetRequiredValue(state), DeviceId.Parse(parsed.GetRequiredValue(device)), TimeProvider.System);
                Console.WriteLine(count == 0
                    ? $"{parsed.GetRequiredValue(device)} has no certificate of this node that is not cut off already; check the name if you expected one"
                    : $"{count} certificate(s) of {parsed.GetRequiredValue(device)} cut off");
                return Task.CompletedTask;
            },
            cancellationToken));
        return command;
    }
}
