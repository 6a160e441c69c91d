using OrleansUem.LoadTest.Machines;

namespace OrleansUem.LoadTest.Throughput;

/// <summary>
/// The network of a measurement: device — relay — corp, each a namespace, joined by virtual Ethernet cables of MTU 1500. The relay forwards, so that
/// systems without a relay connect device and corp through it. The target is an address of corp that only a system's tunnel leads to.
/// </summary>
internal sealed class LabNetwork : IAsyncDisposable
{
    public const string DeviceAddress = "198.51.100.2";
    public const string RelayDeviceAddress = "198.51.100.1";
    public const string RelayCorpAddress = "203.0.113.1";
    public const string CorpAddress = "203.0.113.2";
    public const string Target = "10.1.0.10";
    public const int TargetPort = 5201;

    /// <summary>Towards the relay, in device and corp.</summary>
    public const string OuterInterface = "wan0";

    public const string RelayDeviceInterface = "dev0";
    public const string RelayCorpInterface = "corp0";

    private readonly List<NetNamespace> _owned = [];

    private LabNetwork()
    {
    }

    public NetNamespace Device { get; private set; } = null!;

    public NetNamespace Relay { get; private set; } = null!;

    public NetNamespace Corp { get; private set; } = null!;

    public static async Task<LabNetwork> BuildAsync(LinkVariant links)
    {
        var lab = new LabNetwork();
        try
        {
            lab.Device = await lab.AddAsync("device");
            lab.Relay = await lab.AddAsync("relay");
            lab.Corp = await lab.AddAsync("corp");
            await NetNamespace.ConnectAsync(lab.Device, OuterInterface, DeviceAddress + "/24", lab.Relay, RelayDeviceInterface, RelayDeviceAddress + "/24");
            await NetNamespace.ConnectAsync(lab.Corp, OuterInterface, CorpAddress + "/24", lab.Relay, RelayCorpInterface, RelayCorpAddress + "/24");
            await lab.Device.AddRouteAsync("203.0.113.0/24", RelayDeviceAddress);
            await lab.Corp.AddRouteAsync("198.51.100.0/24", RelayCorpAddress);
            lab.Relay.WriteSetting("ipv4/ip_forward", "1");
            await lab.Corp.RunAsync("ip", "address", "add", Target + "/32", "dev", "lo");
            await lab.SetOffloadsAsync(LinkVariants.EthtoolFeatures(links));
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        for (var i = _owned.Count - 1; i >= 0; i--)
        {
            await _owned[i].DisposeAsync();
        }
    }

    private async Task<NetNamespace> AddAsync(string label)
    {
        var created = await NetNamespace.CreateAsync(label);
        _owned.Add(created);
        return created;
    }

    private async Task SetOffloadsAsync(string[] features)
    {
        if (features.Length == 0)
        {
            return;
        }

        await Device.RunAsync("ethtool", ["-K", OuterInterface, .. features]);
        await Corp.RunAsync("ethtool", ["-K", OuterInterface, .. features]);
        await Relay.RunAsync("ethtool", ["-K", RelayDeviceInterface, .. features]);
        await Relay.RunAsync("ethtool", ["-K", RelayCorpInterface, .. features]);
    }
}
