using System.Net;
using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Silo.Control;

internal sealed partial class ControlListener
{
    [LoggerMessage(4030, LogLevel.Information, "Control links are accepted on {EndPoint}.")]
    private static partial void LogListening(ILogger logger, IPEndPoint endPoint);

    [LoggerMessage(4031, LogLevel.Debug, "A control link from {Address} was refused: {Reason}.")]
    private static partial void LogRefused(ILogger logger, IPEndPoint address, Reason reason);
}
