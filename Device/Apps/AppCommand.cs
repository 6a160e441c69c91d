using OrleansUem.Agent.Apps;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device.Apps;

/// <summary>The command of <see cref="AppRun"/> and <see cref="AppJoin"/> once there is a tunnel.</summary>
internal static class AppCommand
{
    /// <summary>Starts the command and waits for it and all that it leaves behind, also when the tunnel ends before.</summary>
    /// <param name="namespaces">Where.</param>
    /// <param name="command">Program and arguments.</param>
    /// <param name="onStarted">Gets its processes at once.</param>
    /// <param name="tunnelEnd">Completes when the tunnel is over, with the reason or an empty text.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onStatus">Gets each step.</param>
    /// <returns>The command's exit status.</returns>
    /// <exception cref="DeviceFatalException">It can't be started.</exception>
    public static async Task<int> RunAsync(
        AppNamespaces namespaces, IReadOnlyList<string> command, Action<AppProcesses> onStarted, Task<string> tunnelEnd, TimeProvider time, Action<DeviceStatus> onStatus)
    {
        onStatus(new DeviceStatus(DeviceStatusKind.AppStarted, $"Starting {command[0]}"));
        AppProcesses processes;
        try
        {
            processes = AppProcesses.Start(namespaces, command, time);
        }
        catch (AppNetworkException e)
        {
            throw new DeviceFatalException(Reason.InternalError, e.Message, e);
        }

        onStarted(processes);
        if (await Task.WhenAny(tunnelEnd, processes.Last) == tunnelEnd)
        {
            onStatus(new DeviceStatus(DeviceStatusKind.Stopped, $"The tunnel is over, so the command has no network any more. {await tunnelEnd}".TrimEnd()));
            await processes.Last;
        }

        return await processes.Command;
    }
}
