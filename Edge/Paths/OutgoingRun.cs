using OrleansUem.Edge.Forwarding;
using OrleansUem.Edge.Sessions;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport.Datagrams;

namespace OrleansUem.Edge.Paths;

/// <summary>
/// Frames to one peer that leave with one call: all of one size but the last, which may be shorter. Neighbours in the buffer that came over the same route are one slice. Used again and again.
/// </summary>
internal sealed class OutgoingRun
{
    private readonly BufferSlice[] _slices = new BufferSlice[UdpBatchSocket.SegmentsMax];
    private readonly Part[] _parts = new Part[UdpBatchSocket.SegmentsMax];
    private int _sliceCount;
    private int _frames;
    private int _bytes;
    private int _segmentBytes;
    private bool _isClosed;

    public void Begin(Route route, SessionCounters source, int offset, int bytes)
    {
        _segmentBytes = bytes;
        _isClosed = false;
        _sliceCount = 1;
        _frames = 1;
        _bytes = bytes;
        _slices[0] = new BufferSlice(offset, bytes);
        _parts[0] = new Part(route, source, 1);
    }

    /// <returns>False when the frame is longer than those before it, or the run is full.</returns>
    public bool TryJoin(Route route, SessionCounters source, int offset, int bytes)
    {
        if (_isClosed || bytes > _segmentBytes || _frames == UdpBatchSocket.SegmentsMax || _bytes + bytes > UdpBatchSocket.RunBytesMax)
        {
            return false;
        }

        ref var slice = ref _slices[_sliceCount - 1];
        ref var part = ref _parts[_sliceCount - 1];
        if (part.Route == route && slice.Offset + slice.Bytes == offset)
        {
            slice = new BufferSlice(slice.Offset, slice.Bytes + bytes);
            part = part with { Frames = part.Frames + 1 };
        }
        else
        {
            _slices[_sliceCount] = new BufferSlice(offset, bytes);
            _parts[_sliceCount++] = new Part(route, source, 1);
        }

        _frames++;
        _bytes += bytes;
        _isClosed = bytes < _segmentBytes;
        return true;
    }

    public void Send(PathTarget target, ReadOnlySpan<byte> buffer, int thread)
    {
        var result = target.Listener.Socket(thread).Send(buffer, _slices.AsSpan(0, _sliceCount), _segmentBytes, target.To, target.From);
        var sent = result.Sent;
        for (var i = 0; i < _sliceCount; i++)
        {
            ref readonly var part = ref _parts[i];
            var taken = Math.Min(sent, part.Frames);
            sent -= taken;
            Count(part, taken, result.Reason, _slices[i].Bytes);
        }

        Array.Clear(_parts, 0, _sliceCount);
    }

    private static void Count(in Part part, int taken, DropReason reason, int sliceBytes)
    {
        if (taken > 0)
        {
            // Where the kernel took only some of a slice the bytes are the average's: it says how many, not which.
            var bytes = ((long)sliceBytes * taken / part.Frames) - ((long)FrameLimits.HeaderBytes * taken);
            part.Route.CountForwarded(taken, bytes);
            part.Source.Forwarded(taken, bytes);
        }

        if (taken < part.Frames)
        {
            part.Route.CountDropped(part.Frames - taken);
            part.Source.Dropped(reason, part.Frames - taken);
        }
    }

    private readonly record struct Part(Route Route, SessionCounters Source, int Frames);
}
