using System.Buffers;
using System.Threading.Channels;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.Tests.Kit;

/// <summary>One frame that a test's peer received.</summary>
public sealed record ReceivedFrame(FrameType Type, OrleansUem.Protocol.Wire.Channel Channel, byte[] Payload);

/// <summary>Keeps the frames of a connection for a test to wait for.</summary>
public sealed class RecordingFrames : IFrameHandler
{
    private readonly Channel<ReceivedFrame> _frames = System.Threading.Channels.Channel.CreateUnbounded<ReceivedFrame>();

    /// <summary>What to answer to a frame; None when null.</summary>
    public Func<ReceivedFrame, Reason>? OnReceived { get; init; }

    public Reason OnFrame(in FrameHeader header, in ReadOnlySequence<byte> payload)
    {
        var frame = new ReceivedFrame(header.Type, header.Channel, payload.ToArray());
        _frames.Writer.TryWrite(frame);
        return OnReceived?.Invoke(frame) ?? Reason.None;
    }

    public bool TryNext(out ReceivedFrame? frame) => _frames.Reader.TryRead(out frame);

    /// <summary>Waits for the next frame.</summary>
    /// <param name="phase">Names the wait in the failure.</param>
    public async Task<ReceivedFrame> NextAsync(string phase) => await _frames.Reader.ReadAsync().AsTask().WithinAsync(phase);
}
