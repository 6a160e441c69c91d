using System.Globalization;
using OrleansUem.Tests.Kit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>
/// A whole installation of real processes, each role in its network namespace: device — relay (silo and edge) — node — web server. The device and
/// the node reach the relay and nothing else; the web server knows no route back to the tunnel's addresses.
/// </summary>
public sealed partial class UemInstallation : IAsyncDisposable
{
    public const string WebAddress = "10.1.0.10";
    public const string DeviceName = "laptop-7";
    public const string DeviceAddress = "10.64.0.2";

    private readonly string _folder = Directory.CreateTempSubdirectory("uem-e2e-").FullName;
    private readonly List<IAsyncDisposable> _owned = [];
    private readonly List<IDisposable> _links = [];
    private string[] _siloArguments = [];
    private string? _databaseFile;
    private string[] _edgeArguments = [];
    private string[] _nodeArguments = [];
    private string[] _deviceArguments = [];

    private UemInstallation()
    {
    }

    public NetNamespace DeviceSide { get; private set; } = null!;

    public NetNamespace RelaySide { get; private set; } = null!;

    public NetNamespace NodeSide { get; private set; } = null!;

    public NetNamespace WebSide { get; private set; } = null!;

    public ProcessUnderTest Silo { get; private set; } = null!;

    /// <summary>The other silo of a cluster.</summary>
    public ProcessUnderTest SecondSilo { get; private set; } = null!;

    public ProcessUnderTest Edge { get; private set; } = null!;

    public ProcessUnderTest Node { get; private set; } = null!;

    public ProcessUnderTest Device { get; private set; } = null!;

    /// <summary>What the edge could see of the tunnel, see the edge's audit option.</summary>
    public string AuditPath => Path.Combine(_folder, "audit.bin");

    public string StateOf(string role) => Path.Combine(_folder, role);

    /// <summary>Builds the network and starts every role; on return the tunnel is up.</summary>
    /// <param name="deviceLink">Null: a plain virtual cable.</param>
    /// <param name="nodeLink">Null: a plain virtual cable.</param>
    /// <param name="hasOneRelayProcess">True: <c>uem up</c> instead of a silo and an edge.</param>
    /// <param name="siloArguments">More arguments of the silo.</param>
    public static Task<UemInstallation> StartAsync(
        LinkQuality? deviceLink = null, LinkQuality? nodeLink = null, bool hasOneRelayProcess = false, params string[] siloArguments) =>
        StartAsync(new UemInstallation { _siloArguments = siloArguments }, deviceLink, nodeLink, hasOneRelayProcess);

    /// <summary>The same on plain cables with more arguments of the roles that forward.</summary>
    public static Task<UemInstallation> StartAsync(string[] edge, string[] node, string[] device) => StartAsync(
        new UemInstallation { _edgeArguments = edge, _nodeArguments = node, _deviceArguments = device }, null, null, hasOneRelayProcess: false);

    /// <summary>The same with more arguments of every role.</summary>
    public static Task<UemInstallation> StartWithAsync(params string[] everyRole) => StartAsync(
        new UemInstallation { _siloArguments = everyRole, _edgeArguments = everyRole, _nodeArguments = everyRole, _deviceArguments = everyRole },
        null,
        null,
        hasOneRelayProcess: false);

    /// <summary>The same with two silos on PostgreSQL, to both of which the edge has a link.</summary>
    public static async Task<UemInstallation> StartOnClusterAsync(PostgresServer server)
    {
        var installation = new UemInstallation { _edgeArguments = ["--silo", "127.0.0.1:3112"] };
        var file = installation._databaseFile = Path.Combine(installation._folder, "database.conf");
        installation._siloArguments = ["--database-file", file, "--cluster-listen", "127.0.0.1:3103"];
        await File.WriteAllTextAsync(file, await server.CreateDatabaseAsync());
        (await ProcessUnderTest.RunAsync(null, "chmod", null, "chmod", "600", file)).EnsureSuccess();
        return await StartAsync(installation, null, null, hasOneRelayProcess: false);
    }

    /// <summary>Builds the network and starts everything but the device, which is not enrolled either.</summary>
    /// <param name="nodeArguments">More arguments of the node.</param>
    public static async Task<UemInstallation> StartWithoutDeviceAsync(params string[] nodeArguments)
    {
        var installation = new UemInstallation { _nodeArguments = nodeArguments };
        try
        {
            await installation.BuildNetworkAsync(null, null);
            await installation.StartRelayAsync();
            await installation.StartOrganisationAsync();
            return installation;
        }
        catch
        {
            await installation.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a command of ours to its end and returns what it printed.</summary>
    public static async Task<string> UemAsync(NetNamespace where, params string[] arguments) =>
        (await TryUemAsync(where, arguments)).EnsureSuccess().Output.Trim();

    public static Task<CommandResult> TryUemAsync(NetNamespace where, params string[] arguments) =>
        ProcessUnderTest.RunAsync(
            where, $"uem {arguments[0]} {arguments[1]}", TimeSpan.FromSeconds(60), "dotnet", [ProgramPath, .. arguments]);

    /// <summary>Completes when a list of <c>uem admin</c> holds a text: what edges report in batches takes a while.</summary>
    public Task UntilListedAsync(string list, string text)
    {
        return ReadAsync().WithinAsync($"'{text}' in uem admin {list}");

        async Task ReadAsync()
        {
            while (!(await AdminAsync(list)).Contains(text, StringComparison.Ordinal))
            {
            }
        }
    }

    /// <summary>Runs an administrator's command in the relay.</summary>
    public Task<string> AdminAsync(params string[] arguments) =>
        UemAsync(RelaySide, ["admin", .. arguments, "--state", StateOf("silo")]);

    public async Task StartSiloAsync()
    {
        Silo = Start(RelaySide, ["silo", "--state", StateOf("silo"), "--listen", "127.0.0.1:3102", .. _siloArguments]);
        await Silo.WaitForLineAsync("silo starts", line => line.Contains("silo-1 ready", StringComparison.Ordinal));
    }

    public async Task StartSecondSiloAsync()
    {
        SecondSilo = Start(
            RelaySide, "silo", "--state", StateOf("silo-2"), "--listen", "127.0.0.1:3112", "--database-file", _databaseFile!, "--cluster-listen", "127.0.0.1:3113");
        await SecondSilo.WaitForLineAsync("second silo starts", line => line.Contains("silo-2 ready", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
    }

    /// <summary>Starts the relay as one process, which is both <see cref="Silo"/> and <see cref="Edge"/>.</summary>
    public async Task StartUpAsync()
    {
        Edge = Silo = Start(
            RelaySide, "up", "--state", StateOf("silo"), "--devices", "198.51.100.1:443", "--nodes", "203.0.113.1:3101", "--audit", AuditPath);
        await Edge.WaitForLineAsync("relay starts", line => line.Contains("edge-1 ready", StringComparison.Ordinal));
    }

    /// <summary>Starts the edge with other arguments than before.</summary>
    public Task StartEdgeAsync(string[] arguments)
    {
        _edgeArguments = arguments;
        return StartEdgeAsync();
    }

    public async Task StartEdgeAsync()
    {
        Edge = Start(
            RelaySide,
            [
                "edge", "--state", StateOf("edge"), "--silo", "127.0.0.1:3102", "--devices", "198.51.100.1:443",
                "--nodes", "203.0.113.1:3101", "--audit", AuditPath, .. _edgeArguments,
            ]);
        await Edge.WaitForLineAsync("edge starts", line => line.Contains("edge-1 ready", StringComparison.Ordinal));
    }

    public async Task StartNodeAsync()
    {
        var words = NodeWords(
            [
                "node", "--state", NodeState, "--pool", "10.64.0.0/16", "--route", "10.1.0.0/24",
                "--allow", "10.1.0.0/24", "--nat", .. _nodeArguments,
            ]);
        Node = StartProgram(NodeSide, words[0], words[1..]);
        await Node.WaitForLineAsync("node attaches", line => line.StartsWith("attached ", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
    }

    public async Task StartDeviceAsync()
    {
        Device = Start(DeviceSide, ["device", "up", "--state", StateOf("device"), .. _deviceArguments]);
        await WaitForTunnelAsync(1);
    }

    /// <summary>Waits until the device process has said for the n-th time that its tunnel is up.</summary>
    public async Task WaitForTunnelAsync(int occurrence)
    {
        var seen = 0;
        await Device.WaitForLineAsync(
            string.Create(CultureInfo.InvariantCulture, $"tunnel up, time {occurrence}"),
            line => line.StartsWith("up ", StringComparison.Ordinal) && ++seen == occurrence,
            TimeSpan.FromSeconds(90));
    }

    /// <summary>Waits until a device or node has said for the n-th time that its data goes over UDP, or over TCP.</summary>
    /// <returns>The line.</returns>
    public static async Task<string> WaitForPathAsync(ProcessUnderTest agent, bool isUdp, int occurrence = 1)
    {
        var seen = 0;
        return await agent.WaitForLineAsync(
            string.Create(CultureInfo.InvariantCulture, $"data goes over {(isUdp ? "UDP" : "TCP")}, time {occurrence}"),
            line => line.StartsWith("path ", StringComparison.Ordinal)
                && line.Contains(isUdp ? "over UDP" : "on TCP", StringComparison.Ordinal) && ++seen == occurrence,
            TimeSpan.FromSeconds(60));
    }

    /// <summary>Issues an activation for the device and lets it enrol.</summary>
    public async Task EnrolDeviceAsync() =>
        await UemAsync(DeviceSide, "device", "enrol", await ActivateAsync(DeviceName), "--state", StateOf("device"));

    /// <summary>Issues an activation.</summary>
    /// <returns>Its text.</returns>
    public Task<string> ActivateAsync(string device) => NodeAsync("node", "activate", device, "--state", NodeState, "--relay", "198.51.100.1:443");

    /// <summary>Starts a program that ends with the installation at the latest.</summary>
    public ProcessUnderTest StartProgram(NetNamespace where, string fileName, params string[] arguments)
    {
        var process = where.Start(fileName, arguments);
        _owned.Add(process);
        return process;
    }

    public async ValueTask DisposeAsync()
    {
        for (var i = _owned.Count - 1; i >= 0; i--)
        {
            // The namespaces were made first and go last; links hold threads in them.
            if (_owned[i] is NetNamespace)
            {
                _links.ForEach(link => link.Dispose());
                _links.Clear();
            }

            await _owned[i].DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private static async Task<UemInstallation> StartAsync(
        UemInstallation installation, LinkQuality? deviceLink, LinkQuality? nodeLink, bool hasOneRelayProcess)
    {
        try
        {
            await installation.BuildNetworkAsync(deviceLink, nodeLink);
            await (hasOneRelayProcess ? installation.StartUpAsync() : installation.StartRelayAsync());
            await installation.StartOrganisationAsync();
            await installation.EnrolDeviceAsync();
            await installation.StartDeviceAsync();
            return installation;
        }
        catch
        {
            await installation.DisposeAsync();
            throw;
        }
    }

    internal static string ProgramPath => Path.Combine(AppContext.BaseDirectory, "uem.dll");

    private ProcessUnderTest Start(NetNamespace where, params string[] arguments) => StartProgram(where, "dotnet", [ProgramPath, .. arguments]);

    private async Task BuildNetworkAsync(LinkQuality? deviceLink, LinkQuality? nodeLink)
    {
        DeviceSide = await NamespaceAsync("device");
        RelaySide = await NamespaceAsync("relay");
        NodeSide = await NamespaceAsync("node");
        WebSide = await NamespaceAsync("web");
        await JoinAsync(DeviceSide, "198.51.100.2/24", RelaySide, "dev0", "198.51.100.1/24", deviceLink);
        await JoinAsync(NodeSide, "203.0.113.2/24", RelaySide, "corp0", "203.0.113.1/24", nodeLink);
        await NetNamespace.ConnectAsync(NodeSide, "lan0", "10.1.0.1/24", WebSide, "eth0", WebAddress + "/24");
        var web = Start(WebSide, "load", "web", "--listen", WebAddress + ":80");
        await web.WaitForLineAsync("web server starts", line => line.Contains("ready", StringComparison.Ordinal));
    }

    private async Task<NetNamespace> NamespaceAsync(string label)
    {
        var created = await NetNamespace.CreateAsync(label);
        _owned.Add(created);
        return created;
    }

    private async Task JoinAsync(
        NetNamespace outer, string outerAddress, NetNamespace relay, string relayInterface, string relayAddress, LinkQuality? quality)
    {
        if (quality is null)
        {
            await NetNamespace.ConnectAsync(outer, "wan0", outerAddress, relay, relayInterface, relayAddress);
        }
        else
        {
            _links.Add(quality.Connect(outer, "wan0", outerAddress, relay, relayInterface, relayAddress));
        }
    }

    private async Task StartRelayAsync()
    {
        await UemAsync(RelaySide, "silo", "init", "--state", StateOf("silo"), "--name", "silo-1");
        await StartSiloAsync();
        if (_databaseFile is not null)
        {
            await UemAsync(RelaySide, "silo", "init", "--state", StateOf("silo-2"), "--name", "silo-2", "--like", StateOf("silo"));
            await StartSecondSiloAsync();
        }

        var token = await AdminAsync("edge-token", "edge-1", "--silo", "127.0.0.1:3102");
        await UemAsync(RelaySide, "edge", "join", token, "--state", StateOf("edge"));
        await StartEdgeAsync();
    }

    private async Task StartOrganisationAsync()
    {
        var invitation = await AdminAsync("invite", "--relay", "203.0.113.1:3101");
        await NodeAsync("node", "init", invitation, "--state", NodeState, "--name", "node-1");
        await StartNodeAsync();
    }
}
