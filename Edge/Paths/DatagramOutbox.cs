using System.Buffers;
using System.Buffers.Binary;
using OrleansUem.Edge.Forwarding;
using OrleansUem.Edge.Sessions;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport.Datagrams;

namespace OrleansUem.Edge.Paths;

/// <summary>
/// Frames on their way to UDP peers, on one thread: they lie in one buffer, where they were received or copied to, and leave when the thread has read what there was. Frames to one peer that
/// are of one size go out as one run, from whatever sessions they came, so many slow flows share a system call. The order of frames to a peer is kept. Counts what became of them.
/// </summary>
internal sealed class DatagramOutbox
{
    /// <summary>
    /// Four full receive buffers. Less gathers less, more keeps frames waiting: at 3 Gbit/s this is 0.7 ms.
    /// </summary>
    private const int ReceiverBufferBytes = 4 * UdpBatchSocket.ReceiveBytes;

    /// <summary>What one read of a TLS connection brings, and room to spare: any thread of the pool may come to have one.</summary>
    private const int PoolThreadBufferBytes = UdpBatchSocket.ReceiveBytes;

    /// <summary>Peers that frames wait for; a frame for one more sends what there is. Small: the runs are searched in turn.</summary>
    private const int RunsMax = 64;

    [ThreadStatic]
    private static DatagramOutbox? _ofThread;

    private readonly byte[] _buffer;
    private readonly List<OutgoingRun> _runs = new(RunsMax);
    private readonly PathTarget?[] _targets = new PathTarget?[RunsMax];
    private int _runCount;
    private int _used;

    /// <summary>That of a receive thread.</summary>
    /// <param name="thread">Which of the listeners' sockets it sends with.</param>
    public DatagramOutbox(int thread)
        : this(thread, ReceiverBufferBytes)
    {
    }

    private DatagramOutbox(int thread, int bufferBytes)
    {
        Thread = thread;
        _buffer = GC.AllocateUninitializedArray<byte>(bufferBytes, pinned: true);
    }

    /// <summary>The calling thread's own, for frames that come over TCP; emptied at the end of each read (<see cref="FlushThread"/>).</summary>
    public static DatagramOutbox OfThread => _ofThread ??= new DatagramOutbox(Environment.CurrentManagedThreadId, PoolThreadBufferBytes);

    /// <summary>Which of the listeners' sockets it sends with.</summary>
    public int Thread { get; }

    /// <summary>Whether a receive call may write into <see cref="Room"/>.</summary>
    public bool HasRoom => _buffer.Length - _used >= UdpBatchSocket.ReceiveBytes;

    /// <summary>Where the next receive call writes.</summary>
    public Span<byte> Room => _buffer.AsSpan(_used);

    /// <summary>Where <see cref="Room"/> begins.</summary>
    public int RoomOffset => _used;

    /// <summary>Sends what the calling thread's own holds.</summary>
    public static void FlushThread() => _ofThread?.Flush();

    /// <summary>Keeps what was written into <see cref="Room"/> until the next <see cref="Flush"/>.</summary>
    /// <returns>What was written.</returns>
    public ReadOnlySpan<byte> Keep(int bytes)
    {
        _used += bytes;
        return _buffer.AsSpan(_used - bytes, bytes);
    }

    /// <summary>Sends a frame that lies in the buffer, with the channel of the route's far end.</summary>
    /// <param name="target">The route's far end.</param>
    /// <param name="route">The route.</param>
    /// <param name="source">The counters of the session that it came from.</param>
    /// <param name="offset">Where it lies.</param>
    /// <param name="bytes">Its length with header.</param>
    public void Add(PathTarget target, Route route, SessionCounters source, int offset, int bytes)
    {
        _buffer[offset + 1] = (byte)FrameFlags.None;
        BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(offset + 4), route.PeerChannel.Value);
        if (!TryJoin(target, route, source, offset, bytes))
        {
            if (_runCount == RunsMax)
            {
                SendRuns();
            }

            // Made when first needed, and used again and again.
            if (_runCount == _runs.Count)
            {
                _runs.Add(new OutgoingRun());
            }

            _targets[_runCount] = target;
            _runs[_runCount++].Begin(route, source, offset, bytes);
        }
    }

    /// <summary>Sends a copy of a frame.</summary>
    public void AddCopy(PathTarget target, Route route, SessionCounters source, in ReadOnlySequence<byte> payload)
    {
        var bytes = FrameLimits.HeaderBytes + (int)payload.Length;
        if (_buffer.Length - _used < bytes)
        {
            Flush();
        }

        var frame = _buffer.AsSpan(_used, bytes);
        new FrameHeader(FrameType.Datagram, FrameFlags.None, (int)payload.Length, default).Write(frame);
        payload.CopyTo(frame[FrameLimits.HeaderBytes..]);
        Add(target, route, source, _used, bytes);
        _used += bytes;
    }

    /// <summary>Sends everything; the buffer is free again.</summary>
    public void Flush()
    {
        SendRuns();
        _used = 0;
    }

    // The last run of a peer is the one that frames join; nearly always it is the last of all, or there is none. The runs' targets stand side by side, so that a search of all reads one piece of memory.
    private bool TryJoin(PathTarget target, Route route, SessionCounters source, int offset, int bytes)
    {
        for (var i = _runCount - 1; i >= 0; i--)
        {
            if (ReferenceEquals(_targets[i], target))
            {
                return _runs[i].TryJoin(route, source, offset, bytes);
            }
        }

        return false;
    }

    private void SendRuns()
    {
        for (var i = 0; i < _runCount; i++)
        {
            _runs[i].Send(_targets[i]!, _buffer, Thread);
        }

        Array.Clear(_targets, 0, _runCount);
        _runCount = 0;
    }
}
