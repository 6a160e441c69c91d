namespace OrleansUem.LoadTest.Throughput.Systems;

/// <summary>Ours: device, edge and node as separate processes, with UDP let through on the hops that the row names.</summary>
/// <param name="installation">Shared by all rows of ours.</param>
/// <param name="name">The row.</param>
/// <param name="isDeviceHopUdp">UDP gets through between device and relay.</param>
/// <param name="isNodeHopUdp">UDP gets through between node and relay.</param>
internal sealed class OrleansUemTunnel(UemInstallation installation, string name, bool isDeviceHopUdp, bool isNodeHopUdp) : IMeasuredSystem
{
    private const string Table = "uem_no_udp";

    public string Name => name;

    public string Description =>
        $"OrleansUem, device to node through the edge, end-to-end DTLS with AES-GCM, MTU 1400; {Hop(isDeviceHopUdp)} on the device's hop, {Hop(isNodeHopUdp)} on the node's";

    public IReadOnlyList<SystemProgram> Programs => isDeviceHopUdp && isNodeHopUdp ? [] : [new("nft", "nftables")];

    public Task PrepareAsync(LabNetwork lab, string folder, CancellationToken cancellationToken) => installation.EnrolAsync(lab, folder, cancellationToken);

    public async Task StartAsync(LabNetwork lab, RunningSystem running, CancellationToken cancellationToken)
    {
        string[] blocked = [.. isDeviceHopUdp ? (string[])[] : [LabNetwork.RelayDeviceInterface], .. isNodeHopUdp ? (string[])[] : [LabNetwork.RelayCorpInterface]];
        if (blocked.Length > 0)
        {
            var rules = string.Join('\n', blocked.Select(link => $"    iifname \"{link}\" meta l4proto udp drop"));
            await CommandLine.RunAsync(
                lab.Relay,
                $$"""
                table inet {{Table}} {
                  chain arrived {
                    type filter hook input priority 0;
                {{rules}}
                  }
                }
                """,
                cancellationToken,
                "nft", "-f", "-");
            running.OnStop(() => lab.Relay.RunAsync("nft", "delete", "table", "inet", Table));
        }

        await installation.StartAsync(lab, running, cancellationToken);
    }

    private static string Hop(bool isUdp) => isUdp ? "UDP" : "TCP";
}
