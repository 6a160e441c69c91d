using System.Buffers;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Silo.Control;
using OrleansUem.Silo.State;
using OrleansUem.Transport;

namespace OrleansUem.Silo.Enrolment;

/// <summary>A join connection: HELLO, one JOIN, one JOINED, the end. The other side is a stranger until its MAC fits.</summary>
internal sealed partial class JoinHost(FrameConnection connection, SiloState state, EdgeJoining joining, TimeProvider time, ILogger logger) : IFrameHandler
{
    private int _isAsked;

    /// <summary>Runs the connection to its end.</summary>
    /// <param name="stopping">Closes with Draining.</param>
    public async Task RunAsync(CancellationToken stopping)
    {
        connection.TrySend(FrameType.Hello, Channel.Session, Hellos.Create(state, time));
        using var timeout = new CancellationTokenSource(ControlLinkLimits.StartTimeout, time);
        using var registration = timeout.Token.UnsafeRegister(
            static state => ((FrameConnection)state!).Close(Reason.HandshakeTimeout), connection);
        await connection.RunAsync(this, stopping);
    }

    /// <inheritdoc/>
    public Reason OnFrame(in FrameHeader header, in ReadOnlySequence<byte> payload)
    {
        if (header.Type != FrameType.Join || !header.Channel.IsSession || Interlocked.Exchange(ref _isAsked, 1) != 0)
        {
            return Reason.UnexpectedFrame;
        }

        try
        {
            var join = Join.Parser.ParseFrom(payload);
            _ = Task.Run(() => AnswerAsync(join));
            return Reason.None;
        }
        catch (InvalidProtocolBufferException)
        {
            // A peer fault.
            return Reason.MalformedFrame;
        }
    }

    private async Task AnswerAsync(Join join)
    {
        try
        {
            connection.TrySend(FrameType.Joined, Channel.Session, await joining.JoinAsync(join));
            connection.Close(Reason.None);
        }
        catch (TimeoutException e)
        {
            LogJoinFailed(logger, e);
            connection.Close(Reason.ControlTimeout);
        }
        catch (Exception e)
        {
            // A fault of ours at the boundary of one connection.
            LogJoinFailed(logger, e);
            connection.Close(Reason.InternalError);
        }
    }
}
