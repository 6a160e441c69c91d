using System.Buffers;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport;

/// <summary>
/// One framed connection over a byte stream. <see cref="RunAsync"/> runs a read loop and a write loop until the end:
/// <code>
///   stream ─▶ FrameInput ─▶ FrameReader ─▶ IFrameHandler.OnFrame   (read loop; PING, PONG, CLOSE are dealt with here)
///   TrySend, TrySendDatagram ─▶ SendQueue ─▶ writes of up to 16 KB ─▶ stream   (write loop)
/// </code>
/// Any thread may send and close. The end is orderly: CLOSE is the last frame, then the stream's end; what the peer still sends is read and dropped
/// until it hangs up or <see cref="FrameConnectionOptions.CloseTimeout"/> passes, since closing a socket with unread bytes resets it and may destroy
/// the CLOSE that is under way. A connection at rest holds no buffer and no queue, only its two loops that wait.
/// </summary>
public sealed partial class FrameConnection : IDisposable
{
    /// <summary>Intervals of silence that end a connection.</summary>
    public const int KeepAliveIntervals = 3;

    private readonly Stream _stream;
    private readonly FrameConnectionOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SendQueue _queue;
    private readonly CancellationTokenSource _abort = new();
    private readonly Lock _lock = new();

    private ConnectionEnd? _end;
    private int _maxPayloadBytes;
    private long _keepAliveTicks;

    /// <param name="stream">The stream; the connection owns it and disposes it at the end of <see cref="RunAsync"/>.</param>
    /// <param name="options">Settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Gets faults of ours as errors, ends at Debug.</param>
    public FrameConnection(Stream stream, FrameConnectionOptions options, TimeProvider time, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(logger);
        _stream = stream;
        _options = options;
        _time = time;
        _logger = logger;
        _queue = new SendQueue(options.Queue);
        MaxPayloadBytes = options.MaxPayloadBytes;
        KeepAliveInterval = options.KeepAliveInterval;
    }

    /// <summary>The longest payload that is read; a longer one closes with FrameTooLong. Raised when the peer is attached.</summary>
    public int MaxPayloadBytes
    {
        get => Volatile.Read(ref _maxPayloadBytes);
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, FrameLimits.PingBytes);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, FrameLimits.MaxPayloadBytes);
            Volatile.Write(ref _maxPayloadBytes, value);
        }
    }

    /// <summary>The keep-alive interval; the dialling side sets it from HELLO.</summary>
    public TimeSpan KeepAliveInterval
    {
        get => TimeSpan.FromTicks(Volatile.Read(ref _keepAliveTicks));
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.FromSeconds(1));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromHours(1));
            Volatile.Write(ref _keepAliveTicks, value.Ticks);
        }
    }

    /// <summary>Why the connection ended or is about to; null while it is open.</summary>
    public ConnectionEnd? End => Volatile.Read(ref _end);

    /// <summary>Frames received, keep-alives included.</summary>
    public long FramesReceived => Volatile.Read(ref _framesReceived);

    /// <summary>Bytes received, headers included, without TLS.</summary>
    public long BytesReceived => Volatile.Read(ref _bytesReceived);

    /// <summary>Frames written.</summary>
    public long FramesSent => Volatile.Read(ref _framesSent);

    /// <summary>Bytes written, headers included, without TLS.</summary>
    public long BytesSent => Volatile.Read(ref _bytesSent);

    /// <summary>Writes to the stream: frames sent divided by this is how well frames are gathered.</summary>
    public long Writes => Volatile.Read(ref _writes);

    /// <summary>Datagrams that this side dropped instead of sending.</summary>
    public long Drops(DropReason reason) => _queue.Drops(reason);

    /// <summary>Sends a control frame. Never blocks. A full control queue ends the connection with SlowReader.</summary>
    /// <returns>False when the connection is ending; the frame is gone.</returns>
    public bool TrySend(FrameType type, Channel channel, IMessage body) => TrySendFrame(FrameWriter.ToArray(type, channel, body));

    /// <summary>Sends a datagram; the payload is copied. Never blocks.</summary>
    /// <returns>False when it was dropped and counted: QueueFull, Oversize or, when the connection is ending, PeerGone.</returns>
    public bool TrySendDatagram(Channel channel, ReadOnlySpan<byte> payload) =>
        _queue.AddDatagram(channel, payload) == DropReason.Unspecified;

    /// <summary>Sends a datagram; the payload is copied. Never blocks, never allocates on the steady state.</summary>
    /// <returns>Unspecified when it is queued, else why it was dropped; the drop is counted here.</returns>
    public DropReason SendDatagram(Channel channel, in ReadOnlySequence<byte> payload) => _queue.AddDatagram(channel, payload);

    /// <inheritdoc cref="SendDatagram(Channel, in ReadOnlySequence{byte})"/>
    public DropReason SendDatagram(Channel channel, ReadOnlySpan<byte> payload) => _queue.AddDatagram(channel, payload);

    /// <summary>Waits until a channel has at most half queued of what it may have, or the connection ends.</summary>
    public Task WaitForRoomAsync(Channel channel) => _queue.WaitForRoomAsync(channel);

    /// <summary>Sends datagrams; they are copied. The write loop is woken once, or whenever the queue is full.</summary>
    /// <param name="frames">Whole frames back to back: <see cref="FrameBatch.Frames"/>.</param>
    /// <param name="wait">How long to wait for room in the queue, once or more often as long as there is progress; zero: it never blocks.</param>
    /// <returns>How many were dropped and counted.</returns>
    public int SendFrames(ReadOnlySpan<byte> frames, TimeSpan wait)
    {
        var rest = frames;
        var dropped = 0;
        var mayWait = wait > TimeSpan.Zero;
        while (AddFrames(ref rest, mayWait, ref dropped) is { } full)
        {
            mayWait = _queue.WaitForRoom(full, wait);
        }

        return dropped;
    }

    /// <summary>Ends the connection: control frames that wait, then CLOSE, then the stream's end. Datagrams that wait are dropped. Idempotent: the first end counts.</summary>
    /// <param name="reason">The reason.</param>
    /// <param name="detail">Text for people, cut to the limit.</param>
    public void Close(Reason reason, string detail = "") => Close(new Close { Reason = (uint)reason, Detail = detail });

    /// <inheritdoc cref="Close(Reason, string)"/>
    /// <param name="close">The payload of CLOSE.</param>
    public void Close(Close close)
    {
        ArgumentNullException.ThrowIfNull(close);
        close.Detail = ReasonText.Cut(close.Detail);
        if (TryEnd(new ConnectionEnd(ReasonText.FromWire(close.Reason), close.Detail, IsByPeer: false)))
        {
            _queue.Close(FrameWriter.ToArray(FrameType.Close, Channel.Session, close));
        }
    }

    /// <summary>
    /// Runs the connection to its end and disposes the stream. Call it once. Frames sent before it wait in the queue.
    /// </summary>
    /// <param name="handler">Takes the frames.</param>
    /// <param name="cancellationToken">Closes with Draining.</param>
    /// <returns>Why it ended. Faults of peer and network are values here; nothing is thrown for them.</returns>
    public async Task<ConnectionEnd> RunAsync(IFrameHandler handler, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(handler);
        var ownTicker = _options.Ticker is null ? new ConnectionTicker(_time) : null;
        var ticker = _options.Ticker ?? ownTicker!;
        StartClocks(_time.GetTimestamp());
        ticker.Add(this);
        try
        {
            using var registration = cancellationToken.UnsafeRegister(
                static state => ((FrameConnection)state!).Close(Reason.Draining), this);

            var reading = ReadAsync(handler);
            await WriteAsync();
            await reading;
        }
        finally
        {
            ticker.Remove(this);
            StopClocks();
            ownTicker?.Dispose();
            await DisposeStreamAsync();
        }

        var end = End!;
        LogEnded(_logger, end.Reason, end.IsByPeer, end.Detail);
        return end;
    }

    /// <summary>For a connection whose <see cref="RunAsync"/> is never called; the run disposes the rest.</summary>
    public void Dispose()
    {
        _abort.Dispose();
        _stream.Dispose();
    }

    internal bool TrySendFrame(byte[] frame)
    {
        if (_queue.TryAddControl(frame))
        {
            return true;
        }

        Close(Reason.SlowReader, "Control frames piled up.");
        return false;
    }

    // The channel that has no room for the next frame; null when none is left.
    private Channel? AddFrames(ref ReadOnlySpan<byte> frames, bool mayWait, ref int dropped)
    {
        using var wake = WakeBatch.Begin();
        var rest = frames;
        while (FrameBatch.TryTake(ref rest, out var header, out var payload))
        {
            var drop = _queue.AddDatagram(header.Channel, payload, isAddedAgain: mayWait);
            if (drop == DropReason.QueueFull && mayWait)
            {
                return header.Channel;
            }

            dropped += drop == DropReason.Unspecified ? 0 : 1;
            frames = rest;
        }

        return null;
    }

    private bool TryEnd(ConnectionEnd end)
    {
        lock (_lock)
        {
            if (_end is not null)
            {
                return false;
            }

            Volatile.Write(ref _end, end);
            return true;
        }
    }

    // The stream is of no more use: both loops stop where they are.
    private void Abort()
    {
        _queue.Close(last: null);
        _abort.Cancel();
    }

    private async ValueTask DisposeStreamAsync()
    {
        try
        {
            await _stream.DisposeAsync();
        }
        catch (Exception e) when (IsReset(e) || IsExpectedWhileClosing(e))
        {
            // Expected while closing: the last flush of a stream that is broken, or in use by a write that was cancelled.
        }
    }
}
