using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Apps;
using OrleansUem.Agent.Identity;
using OrleansUem.Agent.Links;
using OrleansUem.Agent.Tun;
using OrleansUem.Agent.Uplink;
using OrleansUem.Device.Apps;
using OrleansUem.Device.Control;
using OrleansUem.Device.Names;
using OrleansUem.Device.Network;
using OrleansUem.Device.Tunnels;
using OrleansUem.Dtls;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device;

/// <summary>Runs a device on this machine.</summary>
public static class DeviceHost
{
    /// <summary>
    /// Runs until cancelled: attaches, opens the tunnel, sets the TUN's address and routes, and keeps it so. At the end interface and routes are gone.
    /// </summary>
    /// <param name="options">Settings.</param>
    /// <param name="loggers">For logs.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onStatus">Gets each step, in order, on threads of the agent; must not block.</param>
    /// <param name="cancellationToken">Ends it in an orderly way.</param>
    /// <exception cref="DeviceFatalException">It can't go on without a person; the text says what to do.</exception>
    public static Task RunAsync(
        DeviceOptions options,
        ILoggerFactory loggers,
        TimeProvider time,
        Action<DeviceStatus> onStatus,
        CancellationToken cancellationToken) =>
        RunAsync(options, loggers, time, onStatus, WholeMachine, cancellationToken);

    /// <summary>The same for another role than the whole machine's.</summary>
    internal static async Task RunAsync(
        DeviceOptions options,
        ILoggerFactory loggers,
        TimeProvider time,
        Action<DeviceStatus> onStatus,
        DeviceRole role,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(onStatus);
        options.Validate();
        using var waiters = new ControlWaiters();
        try
        {
            using var state = AgentState.Open(options.StateDirectory, PeerRole.Device);
            await RunAsync(options, state, loggers, time, onStatus, role, waiters, cancellationToken);
        }
        catch (AgentStateException e)
        {
            throw new DeviceFatalException(Reason.InternalError, e.Message, e);
        }
        catch (Exception e) when (e is TunUnavailableException or NetworkLinkException or AppNetworkException or DtlsUnavailableException)
        {
            throw new DeviceFatalException(Reason.InternalError, e.Message, e);
        }
        catch (UplinkFatalException e)
        {
            throw new DeviceFatalException(e.Reason, e.Message, e);
        }

        onStatus(new DeviceStatus(DeviceStatusKind.Stopped, $"Stopped; {options.TunName} and its routes are gone"));
    }

    private static DeviceRole WholeMachine { get; } = new()
    {
        Mode = "up",
        OpenNetwork = OpenNetwork,
        OpenNames = static (options, onStatus, time, loggers) => new SplitNames(options, onStatus, time, loggers.CreateLogger<SplitNames>()),
    };

    private static async Task RunAsync(
        DeviceOptions options,
        AgentState state,
        ILoggerFactory loggers,
        TimeProvider time,
        Action<DeviceStatus> onStatus,
        DeviceRole role,
        ControlWaiters waiters,
        CancellationToken cancellationToken)
    {
        // What an agent that was killed left behind; the directory is locked, so none is running.
        if (ResolverFile.Restore(options.StateDirectory) is { Length: > 0 } restored)
        {
            onStatus(new DeviceStatus(DeviceStatusKind.Names, restored));
        }

        var monitor = new DeviceMonitor(time);
        using var tunnels = new SecureDeviceTunnelFactory(state.Enrolment.Credentials, options.MtuBytes, time);
        using var network = role.OpenNetwork(options, loggers);
        await using var names = role.OpenNames?.Invoke(options, onStatus, time, loggers);
        using var agent = new DeviceAgent(network, tunnels, options.Node, Follow, loggers.CreateLogger<DeviceAgent>(), time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var control = ControlServer.Start(
            state.Directory,
            new ControlTargets(() => monitor.Complete(Describe(options, state, agent, names, role)), role.OnDown ?? (() => end.CancelAsync()), JoinAsync),
            waiters,
            time,
            loggers.CreateLogger<ControlServer>());
        await RunAsync(options, state, agent, loggers, time, end.Token);

        Task JoinAsync(Socket asker, string program) => role.Apps is { } apps ? apps.AdmitAsync(asker, program) : AppMembers.RefuseAsync(asker, DescribeOther(role));

        void Follow(DeviceStatus status)
        {
            monitor.OnStatus(status);
            onStatus(status);
            if (status is { Kind: DeviceStatusKind.Up, Configuration: { } configuration })
            {
                names?.Set(configuration);
            }
        }
    }

    private static string DescribeOther(DeviceRole role) => role == WholeMachine
        ? "The running uem device up takes the whole machine's work traffic: start the command as it is, or end that first (uem device down) and use uem device up --apps."
        : "Another uem device run has this device's tunnel for its own command. For several commands at a time: uem device up --apps, then uem device run.";

    private static DeviceReport Describe(DeviceOptions options, AgentState state, DeviceAgent agent, SplitNames? names, DeviceRole role)
    {
        var totals = agent.Totals;
        var drops = new DropCounters();
        drops.AddAll(agent.AllDrops);
        if (names?.Drops is { } ofNames)
        {
            drops.AddAll(ofNames);
        }

        return new DeviceReport
        {
            State = DeviceCondition.Unspecified,
            Since = default,
            Started = default,
            ProcessId = Environment.ProcessId,
            Mode = role.Mode,
            Device = state.Identity.Name,
            CertificateExpires = state.Enrolment.Credentials.Certificate.NotAfter.ToUniversalTime(),
            Interface = options.TunName,
            Dns = names?.Report ?? NameReport.OfApp,
            Apps = role.Apps?.Report,
            PacketsSent = totals.PacketsSent,
            BytesSent = totals.BytesSent,
            PacketsReceived = totals.PacketsReceived,
            BytesReceived = totals.BytesReceived,
            Drops = Enum.GetValues<DropReason>().Where(reason => drops[reason] > 0).ToDictionary(reason => reason.ToString(), reason => drops[reason]),
        };
    }

    private static LinuxDeviceNetwork OpenNetwork(DeviceOptions options, ILoggerFactory loggers) => LinuxDeviceNetwork.Open(
        options.TunName, options.MtuBytes, options.AcceptsDefaultRoute, loggers.CreateLogger<LinuxDeviceNetwork>());

    private static async Task RunAsync(
        DeviceOptions options,
        AgentState state,
        DeviceAgent agent,
        ILoggerFactory loggers,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var uplinkOptions = new UplinkOptions { Software = options.Software, Relays = options.Relays, UsesUdp = options.UsesUdp, MtuBytes = options.MtuBytes };
        var uplink = new RelayUplink(state, agent, uplinkOptions, loggers, time);
        using var watch = new NetworkWatch(uplink, () => agent.Session, time);
        using var uplinkEnd = new CancellationTokenSource();
        var pump = Task.Factory.StartNew(
            agent.PumpOutbound, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var running = uplink.RunAsync(uplinkEnd.Token);
        try
        {
            // The tunnel says good-bye while there is a session to carry it.
            var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var registration = cancellationToken.UnsafeRegister(
                static done => ((TaskCompletionSource)done!).TrySetResult(), cancelled);
            await Task.WhenAny(cancelled.Task, agent.Failed, running, pump);
        }
        finally
        {
            agent.Stop(options.EndReason);
            await uplinkEnd.CancelAsync();
        }

        await running;
        await pump;
        if (agent.Failed.IsCompletedSuccessfully)
        {
            throw await agent.Failed;
        }
    }
}
