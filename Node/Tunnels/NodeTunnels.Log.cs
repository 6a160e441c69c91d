using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Node.Tunnels;

internal sealed partial class NodeTunnels
{
    [LoggerMessage(2101, LogLevel.Debug, "The relay offers a tunnel on channel index {Index}.")]
    private static partial void LogOffered(ILogger logger, int index);

    [LoggerMessage(2102, LogLevel.Information, "The tunnel on channel index {Index} is up with {Suite}.")]
    private static partial void LogUp(ILogger logger, int index, string suite);

    [LoggerMessage(2103, LogLevel.Information, "The tunnel on channel index {Index} is over: {Reason}, by the device {IsByPeer}; {BytesFromDevice} bytes from and {BytesToDevice} to the device.")]
    private static partial void LogOver(ILogger logger, int index, Reason reason, bool isByPeer, long bytesFromDevice, long bytesToDevice);

    [LoggerMessage(2104, LogLevel.Warning, "An offered tunnel was declined: {Reason}.")]
    private static partial void LogRefused(ILogger logger, Reason reason);
}
