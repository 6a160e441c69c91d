using System.Globalization;
using OrleansUem.LoadTest.Machines;
using OrleansUem.LoadTest.Throughput.Measuring;
using OrleansUem.Silo.Admin;

namespace OrleansUem.LoadTest.Sessions;

/// <summary>The installation that is measured, a process for each role, and the devices in several.</summary>
internal sealed class SessionsSite : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan WorkLimit = TimeSpan.FromMinutes(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("uem-sessions-").FullName;
    private readonly IReadOnlyList<string> _program;
    private readonly List<ChildProcess> _devices = [];
    private readonly List<(string Role, ChildProcess Process)> _roles = [];
    private string _relay = "";

    private SessionsSite(IReadOnlyList<string> program) => _program = program;

    public static async Task<SessionsSite> StartAsync(IReadOnlyList<string> program, CancellationToken cancellationToken)
    {
        var site = new SessionsSite(program);
        try
        {
            var silo = await site.StartRoleAsync("silo", [], null, cancellationToken);
            using var admin = new AdminConnection(silo[1]);
            var token = await admin.CreateEdgeTokenAsync(new EdgeTokenRequest("edge-1", "127.0.0.1", Number(silo[0])), cancellationToken);
            var edge = await site.StartRoleAsync("edge", ["--address", $"127.0.0.1:{silo[0]}"], token.Uri, cancellationToken);
            site._relay = $"127.0.0.1:{edge[0]}";
            var invitation = await admin.InviteAsync(new InvitationRequest("127.0.0.1", Number(edge[1])), cancellationToken);
            await site.StartRoleAsync("node", [], invitation.Uri, cancellationToken);
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the devices' processes and waits until each has its certificates.</summary>
    public async Task PrepareAsync(IReadOnlyList<SessionsShare> shares, CancellationToken cancellationToken)
    {
        foreach (var share in shares)
        {
            string[] arguments =
            [
                "--address", _relay,
                "--first", Text(share.First),
                "--count", Text(share.Count),
                "--concurrency", Text(share.Concurrency),
                .. share.UsesUdp ? ["--udp"] : Array.Empty<string>(),
            ];
            _devices.Add(Start("devices", arguments, input: null));
        }

        foreach (var process in _devices)
        {
            await WaitAsync(process, "certificates", "prepared", WorkLimit, 0, cancellationToken);
        }
    }

    /// <summary>Tells processes of devices to begin and waits until their sessions are up.</summary>
    public async Task SetUpAsync(int first, int end, CancellationToken cancellationToken)
    {
        foreach (var process in _devices[first..end])
        {
            process.Resume();
        }

        foreach (var process in _devices[first..end])
        {
            await WaitAsync(process, "set-ups", "up", WorkLimit, 0, cancellationToken);
        }
    }

    /// <summary>Processor time of each role since its start; the devices' processes together.</summary>
    public IReadOnlyList<(string Role, double Seconds)> CpuSeconds() =>
    [
        .. _roles.Select(role => (role.Role, CpuSeconds(role.Process))),
        ("devices", _devices.Sum(CpuSeconds)),
    ];

    /// <summary>Lets edge and node settle, and takes their memory.</summary>
    public async Task<(MemoryFigures Edge, MemoryFigures Node)> TakeMemoryAsync(CancellationToken cancellationToken) =>
        (await TakeMemoryAsync("edge", cancellationToken), await TakeMemoryAsync("node", cancellationToken));

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _devices.Concat(_roles.Select(role => role.Process).Reverse()))
        {
            await process.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private async Task<MemoryFigures> TakeMemoryAsync(string role, CancellationToken cancellationToken)
    {
        var process = _roles.Single(each => each.Role == role).Process;
        var from = process.LineCount;
        process.Resume();
        return MemoryFigures.Parse(await WaitAsync(process, "memory", MemoryFigures.LinePrefix, StartLimit, from, cancellationToken));
    }

    private async Task<string[]> StartRoleAsync(string role, string[] arguments, string? secret, CancellationToken cancellationToken)
    {
        // The secret is no argument: arguments are everybody's to read.
        var process = Start(role, arguments, secret is null ? null : secret + "\n");
        _roles.Add((role, process));
        return (await WaitAsync(process, role, "ready", StartLimit, 0, cancellationToken)).Split(' ')[1..];
    }

    private ChildProcess Start(string part, string[] arguments, string? input) =>
        ChildProcess.Start(null, _program[0], [.. _program.Skip(1), "load", "sessions-part", part, "--folder", _folder, .. arguments], input: input);

    private static Task<string> WaitAsync(ChildProcess process, string phase, string prefix, TimeSpan limit, int from, CancellationToken cancellationToken) =>
        process.WaitForLineAsync(phase, line => line.StartsWith(prefix, StringComparison.Ordinal), limit, from, cancellationToken);

    private static double CpuSeconds(ChildProcess process) =>
        ProcessStat.Read(File.ReadAllText($"/proc/{process.ProcessId}/stat")).CpuTicks / ProcessStat.TicksPerSecond;

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
