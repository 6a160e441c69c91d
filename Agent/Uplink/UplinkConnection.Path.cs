using System.Buffers;
using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Uplink;

/// <content>What the UDP path asks of its session.</content>
internal sealed partial class UplinkConnection
{
    /// <inheritdoc/>
    public Lock Delivery { get; } = new();

    /// <summary>The UDP path; null when the edge offers none.</summary>
    internal UplinkPath? Path => _path;

    /// <summary>The network changed and this session goes on: UDP is tried now.</summary>
    public void OnNetworkChanged() => _path?.OnNetworkChanged();

    void IUplinkPathOwner.OnPathFrame(Channel channel, in ReadOnlySequence<byte> payload) => _handler.OnDatagram(this, channel, payload);

    void IUplinkPathOwner.OnPathBatchEnd() => _handler.OnBatchEnd(this);

    void IUplinkPathOwner.OnPathReport(UplinkPathReport report)
    {
        LogPath(_logger, report.Change);
        _handler.OnPathChanged(this, report);
    }

    void IUplinkPathOwner.OnPathFault(Exception exception)
    {
        LogPathFault(_logger, exception);
        Close(Reason.InternalError, "");
    }

    void IUplinkPathOwner.SendPathLeft(ulong counter) => _connection.TrySend(FrameType.PathLeft, Channel.Session, new PathLeft { Counter = counter });

    int IUplinkPathOwner.SendOverTcp(ReadOnlySpan<byte> frames) => _connection.SendFrames(frames, TimeSpan.Zero);

    [LoggerMessage(EventId = 7203, Level = LogLevel.Information, Message = "UDP path: {Change}")]
    private static partial void LogPath(ILogger logger, Protocol.Paths.PathChange change);

    [LoggerMessage(EventId = 7204, Level = LogLevel.Error, Message = "Receiving over UDP failed")]
    private static partial void LogPathFault(ILogger logger, Exception exception);
}
