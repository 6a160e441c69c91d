using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace OrleansUem.Tests.Uem;

/// <summary>A relay of one process on loopback and the state of a node that has registered with it; started by the first test that asks.</summary>
public sealed partial class RelayOnLoopback : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("uem-relay-").FullName;
    private Task? _started;
    private ProcessUnderTest? _relay;

    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "uem.dll");

    public string State => Path.Combine(_folder, "relay");

    public string Node => Path.Combine(_folder, "node");

    public int DevicePort { get; private set; }

    public int NodePort { get; private set; }

    public Task StartAsync() => _started ??= StartOnceAsync();

    /// <summary>An invitation that nobody has used.</summary>
    public async Task<string> InviteAsync() => (await RunAsync("admin", "invite", "--relay", $"127.0.0.1:{NodePort}", "--state", State)).EnsureSuccess().Output.Trim();

    /// <summary>An activation that nobody has used.</summary>
    public async Task<string> ActivateAsync(string device) =>
        (await RunAsync("node", "activate", device, "--state", Node, "--relay", $"127.0.0.1:{DevicePort}")).EnsureSuccess().Output.Trim();

    /// <summary>Runs the program to its end.</summary>
    public static Task<CommandResult> RunAsync(params string[] arguments) => RunAsync([], arguments);

    /// <summary>Runs the program to its end behind other words: setpriv, faketime, unshare.</summary>
    public static Task<CommandResult> RunAsync(string[] before, string[] arguments)
    {
        string[] words = [.. before, "dotnet", Program, .. arguments];
        return ProcessUnderTest.RunAsync(null, string.Join(' ', arguments), TimeSpan.FromSeconds(90), words[0], words[1..]);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_relay is not null)
        {
            await _relay.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartOnceAsync()
    {
        _relay = ProcessUnderTest.Start(null, "dotnet", [Program, "up", "--state", State, "--devices", "127.0.0.1:0", "--nodes", "127.0.0.1:0"]);
        var line = await _relay.WaitForLineAsync("relay starts", line => line.Contains("edge-1 ready", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        var ports = Ports().Match(line);
        (DevicePort, NodePort) = (Number(ports.Groups[1]), Number(ports.Groups[2]));
        (await RunAsync("node", "init", await InviteAsync(), "--state", Node, "--name", "node-1")).EnsureSuccess();
    }

    private static int Number(Group group) => int.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"devices on 127\.0\.0\.1:(\d+), nodes on 127\.0\.0\.1:(\d+)")]
    private static partial Regex Ports();
}
