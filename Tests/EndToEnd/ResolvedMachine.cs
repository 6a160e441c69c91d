using OrleansUem.Tests.Kit;

namespace OrleansUem.Tests.EndToEnd;

/// <summary>A <see cref="NamesMachine"/> whose programs ask systemd-resolved: a real one, with a message bus of its own, without systemd.</summary>
public sealed class ResolvedMachine : IAsyncDisposable
{
    private const string BusConfiguration = """
        <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
        <busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth><policy context="default">
        <allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/>
        <allow send_requested_reply="true" send_type="error"/><allow receive_type="method_call"/><allow receive_type="method_return"/><allow receive_type="error"/>
        <allow receive_type="signal"/></policy></busconfig>
        """;

    // The user that resolved becomes; one that no machine has.
    private const string User = "systemd-resolve:x:64953:64953::/:/usr/sbin/nologin";

    private readonly List<IAsyncDisposable> _owned = [];

    private ResolvedMachine()
    {
    }

    public NamesMachine Machine { get; private set; } = null!;

    /// <summary>Makes it; the machine's own name server is the one of <see cref="DeviceInstallation"/>.</summary>
    public static async Task<ResolvedMachine> StartAsync(UemInstallation uem)
    {
        var made = new ResolvedMachine();
        try
        {
            var (daemon, client) = RequirementCheck.FindResolved()!.Value;
            var machine = made.Machine = await NamesMachine.StartAsync(
                uem,
                "nameserver 127.0.0.53\noptions edns0 trust-ad\n",
                "mount -t tmpfs none /run && mkdir -p /run/dbus /run/systemd /etc/systemd && mount -t tmpfs none /usr/local/bin && "
                + $"cp {client} /usr/local/bin/resolvectl && sed -i /^systemd-resolve:/d /etc/passwd /etc/group && echo {User} >> /etc/passwd && "
                + "echo systemd-resolve:x:64953: >> /etc/group && rm -rf /etc/systemd/resolved.conf.d && "
                + $"printf '[Resolve]\\nDNS={DeviceInstallation.OwnServer}\\nLLMNR=no\\nMulticastDNS=no\\nDNSSEC=no\\n' > /etc/systemd/resolved.conf");
            made._owned.Add(machine);
            await File.WriteAllTextAsync(Path.Combine(Path.GetDirectoryName(machine.ResolverPath)!, "bus.conf"), BusConfiguration);
            var bus = machine.Start("dbus-daemon", "--config-file=/etc/bus.conf", "--nofork", "--nopidfile", "--print-address");
            made._owned.Add(bus);
            await bus.WaitForLineAsync("the bus starts", line => line.StartsWith("unix:path=", StringComparison.Ordinal));
            made._owned.Add(machine.Start(daemon));
            (await machine.TryRunAsync("sh", "-c", "until resolvectl status >/dev/null 2>&1; do :; done")).EnsureSuccess();
            return made;
        }
        catch
        {
            await made.DisposeAsync();
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
}
