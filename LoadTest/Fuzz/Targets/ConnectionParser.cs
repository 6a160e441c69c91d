using System.Buffers;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>A whole <see cref="FrameConnection"/>, as a listener makes one for a stranger, over a stream that holds the input: it ends with a reason of the peer's, never with a fault of ours.</summary>
internal sealed class ConnectionParser : FuzzParser
{
    private readonly ConnectionTicker _ticker = new(TimeProvider.System);

    public override bool Take(ReadOnlySpan<byte> input)
    {
        var handler = new Handler();
        var connection = new FrameConnection(
            new InputStream(input.ToArray()), new FrameConnectionOptions { Ticker = _ticker }, TimeProvider.System, NullLogger.Instance);
        var end = connection.RunAsync(handler, CancellationToken.None).GetAwaiter().GetResult();
        Require(end.Reason != Reason.InternalError, "A stranger's bytes became a fault of ours.");
        Require(end.Detail.Length <= FrameLimits.MaxDetailCharacters, "The detail is longer than its bound.");
        return connection.FramesReceived > 0;
    }

    protected override void Close() => _ticker.Dispose();

    private sealed class Handler : IFrameHandler
    {
        public Reason OnFrame(in FrameHeader header, in ReadOnlySequence<byte> payload)
        {
            Require(payload.Length == header.PayloadBytes && payload.Length <= FrameLimits.MaxUnattachedPayloadBytes, "A payload beyond the limit was handed on.");
            Require(Enum.IsDefined(header.Type) && header.Type is not (FrameType.Ping or FrameType.Pong or FrameType.Close), "The connection handed on a frame that is its own.");
            return Reason.None;
        }
    }

    // Reads give the input and then the end; writes go nowhere.
    private sealed class InputStream(byte[] bytes) : MemoryStream(bytes, writable: false)
    {
        public override bool CanWrite => true;

        public override void Write(byte[] buffer, int offset, int count)
        {
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => default;
    }
}
