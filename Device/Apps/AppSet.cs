using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Apps;
using OrleansUem.Device.Network;

namespace OrleansUem.Device.Apps;

/// <summary>
/// <c>uem device up --apps</c>: a tunnel that only a named set of apps has. It is held open in an <see cref="AppNetwork"/>; <c>uem device run</c> (<see cref="AppJoin"/>) starts the apps in there, any
/// number at a time, and nothing else of the machine reaches it.
/// </summary>
public static class AppSet
{
    /// <summary>How long apps have to end before the tunnel closes under them: less than the command line gives this process after a signal (10 s).</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    /// <summary>Runs until cancelled or ended by <c>uem device down</c>; then asks the apps to end, and closes the tunnel.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="loggers">For logs.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onStatus">Gets each step; must not block.</param>
    /// <param name="cancellationToken">Ends it in the orderly way.</param>
    /// <exception cref="DeviceFatalException">It can't go on without a person; the text says what to do.</exception>
    public static async Task RunAsync(AppSetOptions options, ILoggerFactory loggers, TimeProvider time, Action<DeviceStatus> onStatus, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(onStatus);
        AppNetwork? network = null;
        using var members = new AppMembers(options.Names, time, onStatus);
        using var agentEnd = new CancellationTokenSource();
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = cancellationToken.UnsafeRegister(static stop => ((TaskCompletionSource)stop!).TrySetResult(), stop);
        var role = new DeviceRole { Mode = "up --apps", OpenNetwork = OpenNetwork, OnDown = () => stop.TrySetResult(), Apps = members };
        var agent = DeviceHost.RunAsync(options.Device, loggers, time, OnStatus, role, agentEnd.Token);
        try
        {
            if (await Task.WhenAny(agent, stop.Task) == stop.Task)
            {
                // While the tunnel is still there: an app may have something to save.
                await members.EndAsync(Patience);
            }

            await agentEnd.CancelAsync();
            await agent;
        }
        finally
        {
            network?.Dispose();
        }

        AppDeviceNetwork OpenNetwork(DeviceOptions device, ILoggerFactory factory)
        {
            network = AppNetwork.Create(options.HolderCommand);
            members.Entrance = network.Entrance;
            return AppDeviceNetwork.Open(network, device.TunName, device.MtuBytes, factory.CreateLogger<AppDeviceNetwork>());
        }

        void OnStatus(DeviceStatus status)
        {
            members.OnStatus(status);
            onStatus(status);
        }
    }
}
