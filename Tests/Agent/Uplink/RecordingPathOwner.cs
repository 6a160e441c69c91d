using System.Buffers;
using System.Threading.Channels;
using OrleansUem.Agent.Uplink;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport;
using Channel = OrleansUem.Protocol.Wire.Channel;

namespace OrleansUem.Tests.Agent.Uplink;

/// <summary>A session that keeps what its path hands on, for a test to wait for.</summary>
internal sealed class RecordingPathOwner : IUplinkPathOwner
{
    private readonly Channel<UplinkPathReport> _reports = System.Threading.Channels.Channel.CreateUnbounded<UplinkPathReport>();
    private readonly Channel<(Channel Channel, byte[] Payload)> _frames = System.Threading.Channels.Channel.CreateUnbounded<(Channel, byte[])>();
    private readonly Channel<int> _batches = System.Threading.Channels.Channel.CreateUnbounded<int>();
    private int _inBatch;

    public Lock Delivery { get; } = new();

    public List<ulong> Left { get; } = [];

    public List<(Channel Channel, int Bytes)> OverTcp { get; } = [];

    public TaskCompletionSource<Exception> Fault { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Exception? ToThrow { get; set; }

    public Task<UplinkPathReport> NextReportAsync() => _reports.Reader.ReadAsync().AsTask().WithinAsync("a report of the path");

    public Task<(Channel Channel, byte[] Payload)> NextFrameAsync() => _frames.Reader.ReadAsync().AsTask().WithinAsync("a frame over UDP");

    /// <summary>How many frames the next batch had.</summary>
    public Task<int> NextBatchAsync() => _batches.Reader.ReadAsync().AsTask().WithinAsync("the end of a batch");

    public void OnPathFrame(Channel channel, in ReadOnlySequence<byte> payload)
    {
        if (ToThrow is { } exception)
        {
            throw exception;
        }

        _inBatch++;
        _frames.Writer.TryWrite((channel, payload.ToArray()));
    }

    public void OnPathBatchEnd()
    {
        _batches.Writer.TryWrite(_inBatch);
        _inBatch = 0;
    }

    public void OnPathReport(UplinkPathReport report) => _reports.Writer.TryWrite(report);

    public void OnPathFault(Exception exception) => Fault.TrySetResult(exception);

    public void SendPathLeft(ulong counter) => Left.Add(counter);

    public int SendOverTcp(ReadOnlySpan<byte> frames)
    {
        while (FrameBatch.TryTake(ref frames, out var header, out var payload))
        {
            OverTcp.Add((header.Channel, payload.Length));
        }

        return 0;
    }
}
