using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Identity;
using OrleansUem.Agent.Tun;
using OrleansUem.Agent.Tunnel;
using OrleansUem.Agent.Uplink;
using OrleansUem.Node.Addressing;
using OrleansUem.Node.Egress;
using OrleansUem.Node.Enrolment;
using OrleansUem.Node.Forwarding;
using OrleansUem.Node.Tunnels;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Node;

/// <summary>The organisation's side: one outbound connection to a relay, a tunnel for each device, a TUN into the organisation's network.</summary>
public static class NodeHost
{
    /// <summary>Name and version for the installation's inventory.</summary>
    private static readonly string Software =
        $"uem-node/{typeof(NodeHost).Assembly.GetName().Version?.ToString(3) ?? "0"}";

    /// <summary>Runs until cancelled; then every tunnel ends with Draining, and what was set up in the kernel is taken down.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="loggers">For logs.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onStatus">Gets each step; called on threads of the data path, so it must not block.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="ArgumentException">An option is out of its bounds.</exception>
    /// <exception cref="AgentStateException">The state directory is not a node's, in use, or damaged.</exception>
    /// <exception cref="UplinkFatalException">The relay refuses the node for good.</exception>
    /// <exception cref="TunUnavailableException">No TUN, and <see cref="NodeEgressKind.Tun"/> was asked for.</exception>
    /// <exception cref="Agent.UserNat.UserNatUnavailableException">No libslirp, and the kernel's way is not open either.</exception>
    /// <exception cref="Agent.Links.NetworkLinkException">The TUN's address can't be set.</exception>
    /// <exception cref="Agent.Nat.MasqueradeException">Forwarding or translation can't be set up.</exception>
    /// <exception cref="Dtls.DtlsUnavailableException">OpenSSL is missing.</exception>
    public static Task RunAsync(
        NodeOptions options, ILoggerFactory loggers, TimeProvider time, Action<NodeStatus> onStatus, CancellationToken cancellationToken) =>
        RunAsync(options, loggers, time, onStatus, NodeEgressChoice.Open, cancellationToken);

    internal static async Task RunAsync(
        NodeOptions options,
        ILoggerFactory loggers,
        TimeProvider time,
        Action<NodeStatus> onStatus,
        OpenNodeEgress openEgress,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(loggers);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(onStatus);
        var settings = NodeOptionsValidator.Parse(options);
        using var state = AgentState.Open(options.StateDirectory, PeerRole.Node);
        var files = new StateDirectory(options.StateDirectory);
        using var authority = NodeFiles.LoadAuthority(files);
        var addresses = new AddressBook(files, settings.Pool);
        using var contexts = TunnelContexts.Create(state.Enrolment.Credentials, options.MtuBytes);
        using var metrics = new NodeMetrics();
        using var egress = openEgress(settings, addresses.NodeAddress, metrics, time);
        var notice = egress.Tun.OffloadNotice.Length == 0 ? "" : $"; {egress.Tun.OffloadNotice}";
        onStatus(new NodeStatus(NodeStatusKind.NetworkReady, egress.Description + notice));

        var logger = loggers.CreateLogger(typeof(NodeHost).FullName!);
        var worker = new NodeWorker(
            new DeviceCertifier(files, authority, options.DeviceCertificateValidity, time), addresses, logger, onStatus);
        NodeTunnels? tunnels = null;
        using var forwarder = new PacketForwarder(
            settings.Pool,
            addresses.NodeAddress,
            settings.Policy,
            options.IsDeviceToDeviceAllowed,
            egress.Tun,
            metrics,
            () => tunnels!.Timer.NowMilliseconds);
        using (tunnels = new NodeTunnels(
            settings, contexts, addresses, new RevocationList(files), forwarder, metrics, time, logger, onStatus, worker.SaveAddresses))
        {
            await RunAsync(state, options, loggers, time, onStatus, tunnels, worker, egress.Tun, cancellationToken);
        }
    }

    private static async Task RunAsync(
        AgentState state,
        NodeOptions options,
        ILoggerFactory loggers,
        TimeProvider time,
        Action<NodeStatus> onStatus,
        NodeTunnels tunnels,
        NodeWorker worker,
        ITunDevice tun,
        CancellationToken cancellationToken)
    {
        using var draining = new CancellationTokenSource();
        var uplinkOptions = new UplinkOptions { Software = Software, Relays = options.Relays, UsesUdp = options.UsesUdp, MtuBytes = options.MtuBytes };
        var uplink = new RelayUplink(state, new NodeUplink(tunnels, worker, time, onStatus), uplinkOptions, loggers, time);
        var watch = new RevocationWatch(tunnels, loggers.CreateLogger<RevocationWatch>(), onStatus);
        var reader = TunReader.Start(tun, tunnels.Forwarder, tunnels.Metrics, time, draining.Cancel);
        var working = worker.RunAsync();
        await using var looks = time.CreateTimer(
            _ =>
            {
                watch.Check();
                worker.OnTime();
            },
            null,
            RevocationWatch.Interval,
            RevocationWatch.Interval);

        // Farewells are queued while the session still carries them; then the session says good-bye.
        await using var stop = cancellationToken.UnsafeRegister(
            _ =>
            {
                tunnels.CloseAll(Reason.Draining, "the node stops");
                draining.Cancel();
            },
            null);
        try
        {
            await uplink.RunAsync(draining.Token);
        }
        finally
        {
            tunnels.CloseAll(Reason.Draining, "the node stops");
            tun.Stop();
            worker.Stop();
            await working;
            await reader;
        }
    }
}
