using System.Security.Cryptography;

namespace OrleansUem.LoadTest.Throughput.Systems;

/// <summary>ocserv with openconnect, device to corp directly; only once its data runs over DTLS.</summary>
internal sealed class Ocserv : IMeasuredSystem
{
    private string _folder = "";
    private string _pin = "";

    public string Name => "ocserv";

    public string Description => "ocserv and openconnect, device and corp directly, DTLS 1.2, no compression";

    public IReadOnlyList<SystemProgram> Programs => [new("ocserv", "ocserv"), new("openconnect", "openconnect")];

    public async Task PrepareAsync(LabNetwork lab, string folder, CancellationToken cancellationToken)
    {
        _folder = folder;
        using (var server = LabCertificates.Write(folder))
        {
            _pin = "pin-sha256:" + Convert.ToBase64String(SHA256.HashData(server.PublicKey.ExportSubjectPublicKeyInfo()));
        }

        await File.WriteAllTextAsync(
            Path.Combine(folder, "ocserv.conf"),
            $"""
            auth = "certificate"
            listen-host = {LabNetwork.CorpAddress}
            tcp-port = 443
            udp-port = 443
            run-as-user = root
            run-as-group = root
            socket-file = {folder}/socket
            pid-file = {folder}/pid
            server-cert = {folder}/server.pem
            server-key = {folder}/server.key
            ca-cert = {folder}/ca.pem
            cert-user-oid = 2.5.4.3
            isolate-workers = false
            max-clients = 4
            compression = false
            use-occtl = false
            device = vpns
            ipv4-network = 10.72.0.0
            ipv4-netmask = 255.255.255.0
            route = {LabNetwork.Target}/255.255.255.255

            """,
            cancellationToken);

        // What Debian's vpnc-script does, less name servers and the many systems it knows.
        await File.WriteAllTextAsync(
            Path.Combine(folder, "connected"),
            $"""
            [ "$reason" = connect ] || exit 0
            ip address add "$INTERNAL_IP4_ADDRESS/32" dev "$TUNDEV" && ip link set "$TUNDEV" mtu "$INTERNAL_IP4_MTU" up && ip route add {LabNetwork.Target} dev "$TUNDEV"

            """,
            cancellationToken);
    }

    public async Task StartAsync(LabNetwork lab, RunningSystem running, CancellationToken cancellationToken)
    {
        running.Start(SystemRole.Corp, lab.Corp, ["ocserv", "--foreground", "--config", $"{_folder}/ocserv.conf"]);
        await TcpPort.WaitAsync(lab.Device, LabNetwork.CorpAddress, 443, cancellationToken);
        running.Start(
            SystemRole.Device,
            lab.Device,
            ["openconnect", "--protocol=anyconnect", "--non-inter", $"--servercert={_pin}", $"--certificate={_folder}/device.pem", $"--sslkey={_folder}/device.key",
                $"--script=sh '{_folder}/connected'", $"https://{LabNetwork.CorpAddress}/"]);
    }

    public Task ConfirmAsync(RunningSystem running, CancellationToken cancellationToken) => running.ProcessOf(SystemRole.Device).WaitForLineAsync(
        "openconnect's DTLS comes up", line => line.Contains("Established DTLS connection", StringComparison.Ordinal), cancellationToken: cancellationToken);
}
