using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;
using Google.Protobuf;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Queues;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport;

/// <content>The two loops know bytes; what their failures mean is sorted once, below them. Both leave the caller's context: one with one thread would serialise all connections.</content>
public sealed partial class FrameConnection
{
    /// <summary>Bytes of one write: one TLS record (RFC 8446 §5.1). A record costs as much as a packet's worth of frames, so frames share it.</summary>
    private const int WriteBytes = 16 * 1024;

    /// <summary>Frames of one write at most; a record of short frames stays below it.</summary>
    private const int WriteFrames = WriteBytes / SendQueue.MinFrameCost;

    /// <summary>That of the shortest keep-alive interval (<see cref="FrameConnectionOptions.KeepAliveInterval"/>); peers are told 5 s or more.</summary>
    private const double PingsPerSecond = 1;

    /// <summary>Those of a minute may come at once, as after a link that stood still; each costs an answer.</summary>
    private const double PingBurst = 60;

    private TokenBucket? _pings;
    private long _framesReceived;
    private long _bytesReceived;
    private long _framesSent;
    private long _bytesSent;
    private long _writes;

    private static bool IsReset(Exception e) => e is IOException or SocketException;

    private static bool IsExpectedWhileClosing(Exception e) =>
        e is OperationCanceledException or ObjectDisposedException or InvalidOperationException or NotSupportedException;

    private async Task ReadAsync(IFrameHandler handler)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var input = default(FrameInput);
        var isReadable = false;
        try
        {
            while (true)
            {
                // A read without a buffer comes first, so that an idle connection waits without holding one.
                var room = isReadable || input.HoldsBuffer ? input.Room() : Memory<byte>.Empty;
                var read = await _stream.ReadAsync(room, _abort.Token);
                isReadable = room.IsEmpty;
                if (isReadable)
                {
                    continue;
                }

                if (read == 0)
                {
                    TryEnd(new ConnectionEnd(Reason.ConnectionLost, "The stream ended without CLOSE.", IsByPeer: true));
                    break;
                }

                input.Add(read);
                _heard = true;
                if (!HandleRead(ref input, handler))
                {
                    break;
                }

                if (End is not null || handler.PauseAsync() is not { IsCompletedSuccessfully: false } pause)
                {
                    continue;
                }

                // Who is not read is not silent.
                _isHeldBack = true;
                await pause.WaitAsync(_abort.Token);
                _isHeldBack = false;
            }
        }
        catch (Exception e)
        {
            EndByReadFault(e);
        }
        finally
        {
            input.Dispose();

            // Nothing can arrive any more. After a CLOSE of ours the write loop may still be sending it; the close limit bounds that.
            if (End is not { IsByPeer: false })
            {
                Abort();
            }
        }
    }

    private void EndByReadFault(Exception e)
    {
        if (IsReset(e))
        {
            // A fault of the peer or the network: reset, broken record.
            TryEnd(new ConnectionEnd(Reason.ConnectionLost, e.Message, IsByPeer: true));
        }
        else if (End is null || !IsExpectedWhileClosing(e))
        {
            // A fault of ours, in the handler or here. It ends this connection and nothing else.
            LogReadFault(_logger, e);
            Close(Reason.InternalError);
        }
    }

    // False when nothing that follows is of interest.
    private bool HandleRead(ref FrameInput input, IFrameHandler handler)
    {
        if (End is not null)
        {
            // Read and dropped so that the socket is not reset before the peer has our CLOSE.
            input.Keep(0);
            return true;
        }

        var rest = input.Unread;
        var before = rest.Length;
        var reason = HandleFrames(ref rest, handler);
        handler.OnReadEnd();
        Volatile.Write(ref _bytesReceived, _bytesReceived + before - rest.Length);
        input.Keep((int)rest.Length);
        if (reason != Reason.None)
        {
            Close(reason);
        }

        return End is not { IsByPeer: true };
    }

    private Reason HandleFrames(ref ReadOnlySequence<byte> buffer, IFrameHandler handler)
    {
        using var batch = WakeBatch.Begin();
        while (End is null)
        {
            switch (FrameReader.TryRead(ref buffer, MaxPayloadBytes, out var header, out var payload))
            {
                case FrameReadResult.NeedMore:
                    return Reason.None;
                case FrameReadResult.TooLong:
                    return Reason.FrameTooLong;
                default:
                    Volatile.Write(ref _framesReceived, _framesReceived + 1);
                    var reason = HandleFrame(handler, header, payload);
                    if (reason != Reason.None)
                    {
                        return reason;
                    }

                    break;
            }
        }

        return Reason.None;
    }

    private Reason HandleFrame(IFrameHandler handler, in FrameHeader header, in ReadOnlySequence<byte> payload)
    {
        switch (header.Type)
        {
            case FrameType.Datagram:
                return handler.OnFrame(header, payload);
            case FrameType.Ping or FrameType.Pong or FrameType.Close when !header.Channel.IsSession:
                return Reason.UnexpectedFrame;
            case FrameType.Ping or FrameType.Pong when header.PayloadBytes != FrameLimits.PingBytes:
                return Reason.MalformedFrame;
            case FrameType.Ping:
                return AnswerPing(payload);
            case FrameType.Pong:
                return Reason.None;
            case FrameType.Close:
                return HandleClose(payload);
            case FrameType.Unspecified:
                return Reason.MalformedFrame;
            default:
                return Enum.IsDefined(header.Type) ? handler.OnFrame(header, payload)
                    : header.Flags.HasFlag(FrameFlags.Optional) ? Reason.None
                    : Reason.UnknownFrame;
        }
    }

    private Reason AnswerPing(in ReadOnlySequence<byte> payload)
    {
        _pings ??= new TokenBucket(PingsPerSecond, PingBurst);
        if (!_pings.TryTake(_time.GetElapsedTime(0)))
        {
            return Reason.PingFlood;
        }

        var frame = new byte[FrameLimits.HeaderBytes + FrameLimits.PingBytes];
        new FrameHeader(FrameType.Pong, FrameFlags.None, FrameLimits.PingBytes, Channel.Session).Write(frame);
        payload.CopyTo(frame.AsSpan(FrameLimits.HeaderBytes));
        TrySendFrame(frame);
        return Reason.None;
    }

    private Reason HandleClose(in ReadOnlySequence<byte> payload)
    {
        Close close;
        try
        {
            close = Protocol.Messages.Close.Parser.ParseFrom(payload);
        }
        catch (InvalidProtocolBufferException)
        {
            // A peer fault: bytes that are no CLOSE.
            return Reason.MalformedFrame;
        }

        TryEnd(new ConnectionEnd(ReasonText.FromWire(close.Reason), ReasonText.Printable(close.Detail), IsByPeer: true, close));
        return Reason.None;
    }

    private async Task WriteAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        byte[]? buffer = null;
        QueuedFrame[]? batch = null;
        try
        {
            while (true)
            {
                batch ??= ArrayPool<QueuedFrame>.Shared.Rent(WriteFrames);
                var count = _queue.Take(batch.AsSpan(0, WriteFrames), WriteBytes, out var bytes, out var wait, out var isFinished);
                if (isFinished)
                {
                    break;
                }

                if (count == 0)
                {
                    // An idle connection holds no buffer.
                    ReturnBuffers(ref buffer, ref batch);
                    await wait;
                    continue;
                }

                if (bytes > WriteBytes || count == 1)
                {
                    await WriteAsync(batch[0].Buffer.AsMemory(0, bytes));
                    SendQueue.Recycle(batch[0]);
                }
                else
                {
                    buffer ??= ArrayPool<byte>.Shared.Rent(WriteBytes);
                    Gather(batch.AsSpan(0, count), buffer);
                    await WriteAsync(buffer.AsMemory(0, bytes));
                }

                Volatile.Write(ref _framesSent, _framesSent + count);
                Volatile.Write(ref _bytesSent, _bytesSent + bytes);
            }

            if (End is { IsByPeer: false } && !_abort.IsCancellationRequested)
            {
                await EndSendingAsync();
            }
        }
        catch (Exception e)
        {
            EndByWriteFault(e);
        }
        finally
        {
            ReturnBuffers(ref buffer, ref batch);
        }
    }

    private void EndByWriteFault(Exception e)
    {
        if (IsReset(e))
        {
            TryEnd(new ConnectionEnd(Reason.ConnectionLost, e.Message, IsByPeer: true));
        }
        else if (End is null || !IsExpectedWhileClosing(e))
        {
            LogWriteFault(_logger, e);
            TryEnd(new ConnectionEnd(Reason.InternalError, "", IsByPeer: false));
        }

        // Also where it was expected while closing: the close limit passed, or the peer hung up first.
        Abort();
    }

    private static void Gather(ReadOnlySpan<QueuedFrame> batch, byte[] buffer)
    {
        var offset = 0;
        foreach (ref readonly var frame in batch)
        {
            frame.Buffer.AsSpan(0, frame.LengthBytes).CopyTo(buffer.AsSpan(offset));
            offset += frame.LengthBytes;
            SendQueue.Recycle(frame);
        }
    }

    private static void ReturnBuffers(ref byte[]? buffer, ref QueuedFrame[]? batch)
    {
        if (buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = null;
        }

        if (batch is not null)
        {
            // Cleared, or the pool would keep the frames' arrays alive.
            ArrayPool<QueuedFrame>.Shared.Return(batch, clearArray: true);
            batch = null;
        }
    }

    private ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        Volatile.Write(ref _writes, _writes + 1);
        Volatile.Write(ref _isWriting, true);
        var write = _stream.WriteAsync(bytes, _abort.Token);
        if (write.IsCompletedSuccessfully)
        {
            OnWritten();
            return write;
        }

        return FinishAsync(write);
    }

    private async ValueTask FinishAsync(ValueTask write)
    {
        await write;
        OnWritten();
    }

    private void OnWritten()
    {
        Volatile.Write(ref _isWriting, false);
        _spoke = true;
    }

    // Tells the peer that nothing follows, so that it hangs up: TLS close_notify.
    private async ValueTask EndSendingAsync()
    {
        if (_stream is SslStream tls)
        {
            await tls.ShutdownAsync().WaitAsync(_abort.Token);
        }
        else if (_stream is IHalfCloseStream halves)
        {
            await halves.EndSendingAsync().WaitAsync(_abort.Token);
        }
        else
        {
            // No half-close on this kind of stream: nothing more is read either.
            Abort();
        }
    }
}
