using System.Globalization;
using OrleansUem.LoadTest.Machines;

namespace OrleansUem.LoadTest.Throughput.Systems;

/// <summary>wireguard-go as Debian has it, device to corp directly.</summary>
internal sealed class WireGuardGo : IMeasuredSystem
{
    private const string SocketFolder = "/var/run/wireguard";
    private const string InterfacePrefix = "uemb";
    private const int Port = 51820;
    private string _folder = "";

    public string Name => "wireguard-go";

    public string Description => "wireguard-go, device and corp directly, UDP, ChaCha20-Poly1305, MTU 1420";

    public IReadOnlyList<SystemProgram> Programs => [new("wireguard-go", "wireguard-go"), new("wg", "wireguard-tools")];

    public async Task PrepareAsync(LabNetwork lab, string folder, CancellationToken cancellationToken)
    {
        RemoveLeftovers();
        _folder = folder;
        var (deviceKey, devicePublic) = await MakeKeysAsync(cancellationToken);
        var (corpKey, corpPublic) = await MakeKeysAsync(cancellationToken);
        await File.WriteAllTextAsync(
            ConfigurationOf(SystemRole.Device),
            $"""
            [Interface]
            PrivateKey = {deviceKey}
            [Peer]
            PublicKey = {corpPublic}
            Endpoint = {LabNetwork.CorpAddress}:{Port}
            AllowedIPs = {LabNetwork.Target}/32
            """,
            cancellationToken);
        await File.WriteAllTextAsync(
            ConfigurationOf(SystemRole.Corp),
            $"""
            [Interface]
            PrivateKey = {corpKey}
            ListenPort = {Port}
            [Peer]
            PublicKey = {devicePublic}
            AllowedIPs = 10.70.0.2/32
            """,
            cancellationToken);
    }

    public async Task StartAsync(LabNetwork lab, RunningSystem running, CancellationToken cancellationToken)
    {
        await StartEndAsync(running, SystemRole.Corp, lab.Corp, "10.70.0.1/24", "", cancellationToken);
        await StartEndAsync(
            running, SystemRole.Device, lab.Device, "10.70.0.2/24", $" && ip route add {LabNetwork.Target} dev {InterfaceOf(SystemRole.Device)}", cancellationToken);
    }

    // The name is part of the control socket's path, which namespaces share: it carries our id.
    private static string InterfaceOf(string role) => string.Create(CultureInfo.InvariantCulture, $"{InterfacePrefix}{Environment.ProcessId}{role[0]}");

    private static async Task<(string Private, string Public)> MakeKeysAsync(CancellationToken cancellationToken)
    {
        var key = await CommandLine.RunAsync(null, null, cancellationToken, "wg", "genkey");
        return (key, await CommandLine.RunAsync(null, key + "\n", cancellationToken, "wg", "pubkey"));
    }

    // A run that was killed leaves sockets behind.
    private static void RemoveLeftovers()
    {
        if (!Directory.Exists(SocketFolder))
        {
            return;
        }

        foreach (var path in Directory.EnumerateFiles(SocketFolder, InterfacePrefix + "*.sock"))
        {
            var owner = Path.GetFileName(path)[InterfacePrefix.Length..^".d.sock".Length];
            if (!Directory.Exists("/proc/" + owner))
            {
                File.Delete(path);
            }
        }
    }

    private string ConfigurationOf(string role) => Path.Combine(_folder, role + ".conf");

    private async Task StartEndAsync(
        RunningSystem running, string role, NetNamespace where, string address, string more, CancellationToken cancellationToken)
    {
        var name = InterfaceOf(role);
        running.OnStop(() =>
        {
            File.Delete(Path.Combine(SocketFolder, name + ".sock"));
            return Task.CompletedTask;
        });
        var process = running.Start(
            role, where, ["env", "LOG_LEVEL=verbose", "wireguard-go", "--foreground", name]);
        await process.WaitForLineAsync(
            "wireguard-go starts", line => line.Contains("UAPI listener started", StringComparison.Ordinal), cancellationToken: cancellationToken);
        await CommandLine.RunAsync(
            where, null, cancellationToken, "sh", "-c",
            $"wg setconf {name} '{ConfigurationOf(role)}' && ip address add {address} dev {name} && ip link set {name} mtu 1420 up{more}");
    }
}
