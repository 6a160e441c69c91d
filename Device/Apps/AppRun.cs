using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Apps;
using OrleansUem.Device.Network;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device.Apps;

/// <summary>
/// One command whose only network is the device's tunnel: opens the tunnel, starts the command inside, and closes the tunnel with <see cref="Reason.LastApp"/> when the
/// command and all that it left behind have ended.
/// </summary>
public static class AppRun
{
    /// <summary>Runs it to its end. Takes over this process's signals and waits for all its children: once in a process.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="loggers">For logs.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onStatus">Gets each step; <see cref="DeviceStatusKind.AppStarted"/> when the command's own output begins.</param>
    /// <returns>The command's exit status, or 128 and the number of the signal that ended it or the wait for the tunnel.</returns>
    /// <exception cref="DeviceFatalException">The command was not started; the text says what to do.</exception>
    public static async Task<int> RunAsync(AppRunOptions options, ILoggerFactory loggers, TimeProvider time, Action<DeviceStatus> onStatus)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(onStatus);
        using var signals = new StartSignals();
        using var agentEnd = new CancellationTokenSource();
        using var tunnel = new AppTunnel(options, loggers, onStatus, signals.GiveUp);
        var role = new DeviceRole { Mode = "run", OpenNetwork = tunnel.OpenNetwork, OnDown = tunnel.OnDown };
        var agent = DeviceHost.RunAsync(options.Device with { EndReason = Reason.LastApp }, loggers, time, tunnel.OnStatus, role, agentEnd.Token);
        try
        {
            await WaitForTunnelAsync(options, tunnel, agent, signals.First, time);
            return signals.First.IsCompleted
                ? 128 + await signals.First
                : await AppCommand.RunAsync(tunnel.Network!.Entrance.Namespaces, options.Command, tunnel.OnStarted, DescribeEndAsync(agent), time, onStatus);
        }
        finally
        {
            await agentEnd.CancelAsync();

            // Its failure was reported when it came.
            await agent.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task WaitForTunnelAsync(AppRunOptions options, AppTunnel tunnel, Task agent, Task signalled, TimeProvider time)
    {
        var limit = Task.Delay(options.TunnelTimeout, time, CancellationToken.None);
        var first = await Task.WhenAny(tunnel.Up, agent, signalled, limit);
        if (first == agent)
        {
            await agent;
        }
        else if (first == limit)
        {
            throw new DeviceFatalException(
                Reason.ControlTimeout, $"There is no tunnel after {options.TunnelTimeout.TotalSeconds:0} s, so the command was not started. {tunnel.LastTrouble}".TrimEnd());
        }
    }

    private static async Task<string> DescribeEndAsync(Task agent)
    {
        await agent.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return agent.Exception?.GetBaseException().Message ?? "";
    }

    /// <summary>What the agent and the command share.</summary>
    private sealed class AppTunnel(AppRunOptions options, ILoggerFactory loggers, Action<DeviceStatus> onStatus, Action giveUp) : IDisposable
    {
        private readonly Lock _gate = new();
        private AppProcesses? _processes;
        private bool _isDown;

        private readonly TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>There, once the agent has asked for it.</summary>
        public AppNetwork? Network { get; private set; }

        /// <summary>The line of the last failure; empty: none yet.</summary>
        public string LastTrouble { get; private set; } = "";

        /// <summary>Completes when packets pass for the first time.</summary>
        public Task Up => _up.Task;

        public void OnStatus(DeviceStatus status)
        {
            onStatus(status);
            if (status.Kind == DeviceStatusKind.Up)
            {
                _up.TrySetResult();
            }
            else if (status.Kind is DeviceStatusKind.Detached or DeviceStatusKind.TunnelClosed)
            {
                LastTrouble = status.Text;
            }
        }

        /// <summary>The command runs.</summary>
        public void OnStarted(AppProcesses processes)
        {
            lock (_gate)
            {
                _processes = processes;
                if (_isDown)
                {
                    processes.Stop();
                }
            }
        }

        /// <summary>Ends as SIGTERM does: before the command is there the wait for the tunnel, then the command.</summary>
        public void OnDown()
        {
            lock (_gate)
            {
                _isDown = true;
                giveUp();
                _processes?.Stop();
            }
        }

        public AppDeviceNetwork OpenNetwork(DeviceOptions device, ILoggerFactory factory)
        {
            Network = AppNetwork.Create(options.HolderCommand);
            return AppDeviceNetwork.Open(Network, device.TunName, device.MtuBytes, loggers.CreateLogger<AppDeviceNetwork>());
        }

        public void Dispose() => Network?.Dispose();
    }
}
