using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansUem.Device.Control;

namespace OrleansUem.Uem.Commands;

/// <summary><c>uem device status</c> and <c>uem device down</c>: the agent of a state directory, whoever started it.</summary>
internal static class DeviceStatusCommand
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public static Command Create()
    {
        var state = CommandOptions.State("the device's");
        var json = new Option<bool>("--json") { Description = "print one JSON object" };
        var command = new Command(
            "status", "Show how the running up or run of a state directory is. Exit status 0: the tunnel is up, or asleep until the next packet; 3: it is not.") { state, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var isUp = false;
            var failure = await CommandRunner.RunAsync(
                async () =>
                {
                    var standing = await DeviceControl.AskAsync(parsed.GetRequiredValue(state), TimeProvider.System, cancellationToken);
                    isUp = standing.IsUp;
                    Console.WriteLine(parsed.GetValue(json) ? ToJson(standing) : Describe(standing, parsed.GetRequiredValue(state), TimeProvider.System.GetUtcNow()));
                },
                cancellationToken);
            return failure != ExitCode.Ok ? failure : isUp ? ExitCode.Ok : ExitCode.NotUp;
        });
        return command;
    }

    public static Command CreateDown()
    {
        var state = CommandOptions.State("the device's");
        var wait = new Option<int>("--wait") { Description = "how long the end may take, 1..3600", HelpName = "SECONDS", DefaultValueFactory = _ => 20 };
        var command = new Command(
            "down", "End the running up or run of a state directory in the orderly way and wait for it; put back what one that was killed had taken.") { state, wait };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(
            async () =>
            {
                var seconds = parsed.GetValue(wait);
                if (seconds is < 1 or > 3600)
                {
                    throw new FormatException($"--wait {seconds} is out of range: 1 to 3600 seconds.");
                }

                Console.WriteLine(await DeviceControl.DownAsync(
                    parsed.GetRequiredValue(state), TimeSpan.FromSeconds(seconds), TimeProvider.System, cancellationToken));
            },
            cancellationToken));
        return command;
    }

    /// <summary>The report, or <c>{"state":"killed"}</c> or <c>{"state":"down"}</c>.</summary>
    internal static string ToJson(DeviceStanding standing) => standing.Report is { } report
        ? JsonSerializer.Serialize(report, Json)
        : JsonSerializer.Serialize(new { state = standing.WasKilled ? "killed" : "down" }, Json);

    /// <summary>Lines for a person.</summary>
    internal static string Describe(DeviceStanding standing, string stateDirectory, DateTimeOffset now)
    {
        if (standing.Report is not { } report)
        {
            return standing.WasKilled
                ? $"down: the agent was killed. What it had taken is put back by the next start, or by: uem device down --state {stateDirectory}"
                : "down: no agent runs on this state directory";
        }

        var relay = report.Edge is null ? $"{report.Relay ?? "none yet"}, no session" : $"{report.Relay}, edge {report.Edge}, data over {report.Path}";
        var address = report.Address is null ? "no address yet" : $"{report.Address}, MTU {report.MtuBytes}, node {report.Node}";
        var drops = string.Join(", ", report.Drops.Select(drop => string.Create(CultureInfo.InvariantCulture, $"{drop.Key} {drop.Value}")));
        string[] lines =
        [
            $"{report.State.ToString().ToLowerInvariant()} since {At(report.Since)} ({Age(now - report.Since)})",
            $"device       {report.Device}, certificate until {At(report.CertificateExpires)}",
            $"agent        uem device {report.Mode}, process {report.ProcessId}, since {At(report.Started)}",
            $"relay        {relay}",
            $"interface    {report.Interface}, {address}",
            $"routes       {(report.Routes.Count == 0 ? "none" : string.Join(' ', report.Routes))}",
            .. report.SkippedRoutes.Select(route => $"             {route}"),
            $"names        {Names(report)}",
            .. Apps(report),
            string.Create(CultureInfo.InvariantCulture, $"sent         {report.PacketsSent} packets, {report.BytesSent} bytes"),
            string.Create(CultureInfo.InvariantCulture, $"received     {report.PacketsReceived} packets, {report.BytesReceived} bytes"),
            $"dropped      {(drops.Length == 0 ? "nothing" : drops)}",
            $"last end     {(report.LastEnd is { } end ? $"{At(end.At)} {end.Reason}: {end.Text}" : "none")}",
        ];
        return string.Join('\n', lines);
    }

    private static IEnumerable<string> Apps(DeviceReport report) => report.Apps is not { } apps ? [] :
    [
        $"apps         {string.Join(' ', apps.Programs)}: {(apps.Running.Count == 0 ? "none" : apps.Running.Count)} running",
        .. apps.Running.Select(app => $"             {app.Program}, process {app.ProcessId}, since {At(app.Since)}"),
    ];

    private static string Names(DeviceReport report)
    {
        var dns = report.Dns;
        var which = dns.Domains.Count == 0 ? "all" : string.Join(' ', dns.Domains);
        return dns.By == "app" && dns.Servers.Count == 0 ? "none"
            : dns.By != "none" ? $"{which} by {string.Join(' ', dns.Servers)} ({dns.By})"
            : dns.Notice.Length > 0 ? $"as before: {dns.Notice}"
            : "as before";
    }

    private static string At(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Age(TimeSpan age) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(age.TotalDays >= 1 ? $"{age.TotalDays:0} d" : age.TotalHours >= 1 ? $"{age.TotalHours:0} h" : age.TotalMinutes >= 1 ? $"{age.TotalMinutes:0} min" : $"{Math.Max(0, age.TotalSeconds):0} s")}");
}
