using System.Buffers;
using OrleansUem.Protocol.Paths;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport.Datagrams;

namespace OrleansUem.Agent.Uplink;

/// <content>The data path.</content>
internal sealed partial class UplinkPath
{
    /// <summary>
    /// Receive calls before what they brought is flushed: four full buffers at most. More gathers more for the TUN, less keeps packets waiting.
    /// </summary>
    private const int ReceivesPerBatch = 4;

    /// <summary>Frames on the stack; a longer one is rented.</summary>
    private const int StackFrameBytes = 2_048;

    /// <summary>Waits of one send for room in the socket, and the longest of them: 0.4 s is a link that takes nothing any more, or 5 Mbit/s.</summary>
    private const int WaitsMax = 4;

    private static readonly TimeSpan WaitMax = TimeSpan.FromMilliseconds(100);

    private long _framesSent;
    private long _framesReceived;
    private uint _kernelDrops;

    /// <summary>Sends frames, over TCP those that the path does not take.</summary>
    /// <param name="frames">Whole frames back to back.</param>
    /// <param name="mayWait">Whether to wait for room in the socket; else what finds none is dropped.</param>
    /// <returns>How many were dropped, and counted.</returns>
    public int Send(ReadOnlySpan<byte> frames, bool mayWait)
    {
        var dropped = 0;
        var runs = new FrameRuns(frames);
        while (runs.MoveNext())
        {
            dropped += Send(runs.Run, runs.SegmentBytes, mayWait);
        }

        MarkSent();
        return dropped;
    }

    /// <summary>Sends one frame; the payload is copied.</summary>
    /// <returns>How many were dropped, and counted.</returns>
    public int Send(Channel channel, ReadOnlySpan<byte> payload)
    {
        var bytes = FrameLimits.HeaderBytes + payload.Length;
        var rented = bytes > StackFrameBytes ? ArrayPool<byte>.Shared.Rent(bytes) : null;
        var frame = rented is null ? stackalloc byte[StackFrameBytes] : rented;
        frame = frame[..bytes];
        new FrameHeader(FrameType.Datagram, FrameFlags.None, payload.Length, channel).Write(frame);
        payload.CopyTo(frame[FrameLimits.HeaderBytes..]);
        var dropped = Send(frame, bytes, mayWait: false);
        MarkSent();
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return dropped;
    }

    private int Send(ReadOnlySpan<byte> run, int segmentBytes, bool mayWait)
    {
        DatagramSendResult result;
        var waits = mayWait ? 0 : WaitsMax;
        do
        {
            if (!_isUp || segmentBytes > _probe.Length)
            {
                return _owner.SendOverTcp(run);
            }

            result = _socket!.Send(run, segmentBytes);
        }
        while (result is { Reason: DropReason.QueueFull, Sent: 0 } && waits++ < WaitsMax && _socket.WaitForRoom(WaitMax));

        Interlocked.Add(ref _framesSent, result.Sent);
        if (result.Reason is DropReason.Unspecified)
        {
            return 0;
        }

        if (result.Reason != DropReason.QueueFull)
        {
            OnRefused(Describe(result.Reason));
            if (result.Sent == 0)
            {
                // Nothing is lost by a local refusal.
                return _owner.SendOverTcp(run);
            }
        }

        Drops.Add(result.Reason, result.Dropped);
        return result.Dropped;
    }

    // Sets the flag once between two looks of the timer; where none is due for long, makes one due.
    private void MarkSent()
    {
        if (Volatile.Read(ref _wasSent))
        {
            return;
        }

        Volatile.Write(ref _wasSent, true);
        Interlocked.MemoryBarrier();
        if (_isAtRest)
        {
            lock (_gate)
            {
                if (_isAtRest && !_isStopping)
                {
                    _isAtRest = false;
                    _timer.Change(PathLimits.LookInterval, Timeout.InfiniteTimeSpan);
                }
            }
        }
    }

    private void Receive()
    {
        var buffer = GC.AllocateUninitializedArray<byte>(UdpBatchSocket.ReceiveBytes, pinned: true);
        UdpBatchSocket? former = null;
        try
        {
            while (!_isStopping)
            {
                HandReportsOn();
                var socket = _socket;
                if (socket != former)
                {
                    _kernelDrops = 0;
                    former = socket;
                }

                if (socket is null)
                {
                    _waiter.Wait([], Timeout.InfiniteTimeSpan);
                }
                else if (_waiter.Wait([socket], Timeout.InfiniteTimeSpan) != 0)
                {
                    Drain(socket, buffer);
                }
            }
        }
        catch (Exception e)
        {
            // A fault of ours, in the handler or here. It ends this session and nothing else.
            _owner.OnPathFault(e);
        }
        finally
        {
            _ended.TrySetResult();
        }
    }

    private void Drain(UdpBatchSocket socket, byte[] buffer)
    {
        var calls = 0;
        var hasFrames = false;
        var outcome = ReceiveOutcome.Received;
        while (calls++ < ReceivesPerBatch && !_isStopping
            && (outcome = socket.TryReceive(buffer, out var received)) == ReceiveOutcome.Received)
        {
            hasFrames |= Take(buffer, received);
        }

        if (hasFrames)
        {
            lock (_owner.Delivery)
            {
                _owner.OnPathBatchEnd();
            }
        }

        if (outcome == ReceiveOutcome.Refused)
        {
            OnRefused(Describe(DropReason.SendRefused));
        }
    }

    private bool Take(byte[] buffer, in ReceivedDatagrams received)
    {
        if (!Volatile.Read(ref _wasHeard))
        {
            Volatile.Write(ref _wasHeard, true);
        }

        CountKernelDrops(received.DropsSoFar);
        var frames = 0;
        lock (_owner.Delivery)
        {
            for (var offset = 0; offset < received.Bytes; offset += received.SegmentBytes)
            {
                var bytes = Math.Min(received.SegmentBytes, received.Bytes - offset);
                var datagram = buffer.AsSpan(offset, bytes);
                if (PathDatagram.IsPathDatagram(datagram[0]))
                {
                    OnAck(datagram);
                }
                else if (DatagramFrame.TryRead(datagram, out var channel))
                {
                    frames++;
                    _owner.OnPathFrame(
                        channel, new ReadOnlySequence<byte>(buffer, offset + FrameLimits.HeaderBytes, bytes - FrameLimits.HeaderBytes));
                }
                else
                {
                    Drops.Add(DropReason.MalformedDatagram);
                }
            }
        }

        Volatile.Write(ref _framesReceived, _framesReceived + frames);
        return frames > 0;
    }

    private void HandReportsOn()
    {
        while (!_isStopping && _reports.TryDequeue(out var report))
        {
            lock (_owner.Delivery)
            {
                _owner.OnPathReport(report);
            }
        }
    }

    private void CountKernelDrops(uint dropsSoFar)
    {
        if (dropsSoFar != 0 && dropsSoFar != _kernelDrops)
        {
            Drops.Add(DropReason.ReceiveQueueFull, dropsSoFar - _kernelDrops);
            _kernelDrops = dropsSoFar;
        }
    }
}
