using System.Globalization;

namespace OrleansUem.LoadTest.Throughput.Systems;

/// <summary>
/// A TCP stream in TLS end to end (stunnel) inside TLS on each hop, relayed by HAProxy: what a relay over TCP can reach that terminates streams
/// instead of carrying packets.
/// </summary>
internal sealed class TlsRelay : IMeasuredSystem
{
    private const int DeviceStreamPort = 5200;
    private const int DeviceInnerPort = 6001;
    private const int CorpInnerPort = 6002;
    private const int RelayPort = 8443;
    private const int CorpPort = 3101;
    private string _folder = "";

    public string Name => "tls-in-tls";

    public string Description => "a TCP stream in TLS 1.3 device to corp (stunnel) inside TLS 1.3 on each hop, relayed by HAProxy: streams only, no packets";

    public IReadOnlyList<SystemProgram> Programs => [new("haproxy", "haproxy"), new("stunnel4", "stunnel4")];

    public bool CarriesPackets => false;

    public async Task PrepareAsync(LabNetwork lab, string folder, CancellationToken cancellationToken)
    {
        _folder = folder;
        LabCertificates.Write(folder).Dispose();
        await WriteAsync("haproxy.conf", $"""
            defaults
              mode tcp
              timeout connect 5s
              timeout client 1h
              timeout server 1h
            frontend devices
              bind {LabNetwork.RelayDeviceAddress}:{RelayPort} ssl crt {folder}/server-both.pem
              default_backend corp
            backend corp
              server corp {LabNetwork.CorpAddress}:{CorpPort} ssl verify required ca-file {folder}/ca.pem

            """, cancellationToken);
        await WriteAsync("device.conf", Stunnel(
            Service("inner", true, $"127.0.0.1:{DeviceStreamPort}", $"127.0.0.1:{DeviceInnerPort}"),
            Service("outer", true, $"127.0.0.1:{DeviceInnerPort}", $"{LabNetwork.RelayDeviceAddress}:{RelayPort}")), cancellationToken);
        await WriteAsync("corp.conf", Stunnel(
            Service("outer", false, $"{LabNetwork.CorpAddress}:{CorpPort}", $"127.0.0.1:{CorpInnerPort}"),
            Service("inner", false, $"127.0.0.1:{CorpInnerPort}", $"{LabNetwork.Target}:{LabNetwork.TargetPort}")), cancellationToken);
    }

    public async Task StartAsync(LabNetwork lab, RunningSystem running, CancellationToken cancellationToken)
    {
        running.Start(SystemRole.Corp, lab.Corp, ["stunnel4", $"{_folder}/corp.conf"]);
        running.Start(SystemRole.Relay, lab.Relay, ["haproxy", "-db", "-f", $"{_folder}/haproxy.conf"]);
        await TcpPort.WaitAsync(lab.Corp, LabNetwork.CorpAddress, CorpPort, cancellationToken);
        await TcpPort.WaitAsync(lab.Device, LabNetwork.RelayDeviceAddress, RelayPort, cancellationToken);
        var device = running.Start(SystemRole.Device, lab.Device, ["stunnel4", $"{_folder}/device.conf"]);

        // A connection to try would reach all the way to the measuring server.
        await device.WaitForLineAsync(
            "stunnel starts", line => line.Contains("Configuration successful", StringComparison.Ordinal), cancellationToken: cancellationToken);
        running.Target = "127.0.0.1";
        running.TargetPort = DeviceStreamPort;
    }

    private static string Stunnel(params string[] services) => $"""
        foreground = yes
        pid =
        socket = l:TCP_NODELAY=1
        socket = r:TCP_NODELAY=1
        {string.Join('\n', services)}

        """;

    private string Service(string name, bool isClient, string accept, string connect) => string.Create(CultureInfo.InvariantCulture, $"""
        [{name}]
        client = {(isClient ? "yes" : "no")}
        accept = {accept}
        connect = {connect}
        {(isClient ? $"CAfile = {_folder}/ca.pem\nverifyChain = yes" : $"cert = {_folder}/server-both.pem")}
        """);

    private Task WriteAsync(string name, string text, CancellationToken cancellationToken) =>
        File.WriteAllTextAsync(Path.Combine(_folder, name), text, cancellationToken);
}
