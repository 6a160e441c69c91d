namespace OrleansUem.LoadTest.Throughput.Systems;

/// <summary>OpenVPN in user space, device to corp directly, as its manual sets up a server with one client.</summary>
internal sealed class OpenVpn : IMeasuredSystem
{
    private string _folder = "";

    public string Name => "openvpn";

    public string Description => "OpenVPN, device and corp directly, UDP, AES-256-GCM, no compression, without the kernel's data channel offload";

    public IReadOnlyList<SystemProgram> Programs => [new("openvpn", "openvpn")];

    public Task PrepareAsync(LabNetwork lab, string folder, CancellationToken cancellationToken)
    {
        _folder = folder;
        LabCertificates.Write(folder).Dispose();
        return Task.CompletedTask;
    }

    public async Task StartAsync(LabNetwork lab, RunningSystem running, CancellationToken cancellationToken)
    {
        string[] common = ["openvpn", "--cd", _folder, "--dev", "tun", "--proto", "udp", "--ca", "ca.pem", "--data-ciphers", "AES-256-GCM",
            "--allow-compression", "no", "--disable-dco", "--verb", "3"];
        var server = running.Start(
            SystemRole.Corp,
            lab.Corp,
            [.. common, "--local", LabNetwork.CorpAddress, "--server", "10.71.0.0", "255.255.255.0", "--topology", "subnet", "--dh", "none",
                "--cert", "server.pem", "--key", "server.key", "--remote-cert-tls", "client", "--keepalive", "10", "60",
                "--push", $"route {LabNetwork.Target} 255.255.255.255"]);
        await server.WaitForLineAsync("OpenVPN's server starts", IsReady, cancellationToken: cancellationToken);
        running.Start(
            SystemRole.Device,
            lab.Device,
            [.. common, "--client", "--remote", LabNetwork.CorpAddress, "--nobind", "--cert", "device.pem", "--key", "device.key", "--remote-cert-tls", "server"]);
    }

    private static bool IsReady(string line) => line.Contains("Initialization Sequence Completed", StringComparison.Ordinal);
}
