using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport;

public sealed partial class TlsListener
{
    [LoggerMessage(1810, LogLevel.Debug, "TLS handshake failed: {Reason}. {Detail}")]
    private static partial void LogHandshakeFailed(ILogger logger, Reason reason, string detail);

    [LoggerMessage(1811, LogLevel.Warning, "Accepting a connection failed: {Error}")]
    private static partial void LogAcceptFailed(ILogger logger, SocketError error);

    [LoggerMessage(1812, LogLevel.Error, "The handler of a connection failed")]
    private static partial void LogHandlerFault(ILogger logger, Exception exception);
}
