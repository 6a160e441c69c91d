using System.Diagnostics;
using OrleansUem.Agent.Tun;

namespace OrleansUem.LoadTest.Net;

/// <summary>
/// One direction of an emulated link: a thread that drains the sending TUN, holds packets until they arrive, and sleeps in the
/// kernel until the next packet comes or is due, whichever is first. Only this thread touches the queue.
/// </summary>
internal sealed class LinkDirection : IDisposable
{
    // 32 MiB carry 5 Gbit/s at 50 ms.
    private const long InFlightBytesMax = 32 * 1024 * 1024;

    // Between two looks at what is due: 64 packets take about 40 us to read.
    private const int ReadBatchPackets = 64;

    private readonly LinuxTunDevice _from;
    private readonly LinuxTunDevice _to;
    private readonly LinkShaper _shaper;
    private readonly Queue<HeldPacket> _held = new();
    private readonly Stack<byte[]> _buffers = new();
    private readonly Thread _thread;
    private volatile LinkConditions _conditions;
    private long _heldBytes;
    private long _entered;
    private long _delivered;
    private long _deliveredBytes;
    private long _lost;
    private long _queueFull;
    private long _inFlightFull;
    private long _refused;

    public LinkDirection(LinuxTunDevice from, LinuxTunDevice to, LinkConditions conditions, int seed)
    {
        _from = from;
        _to = to;
        _conditions = conditions;
        _shaper = new LinkShaper(new Random(seed));
        _thread = new Thread(Run) { IsBackground = true, Name = "link " + from.Name };
        _thread.Start();
    }

    public LinkConditions Conditions
    {
        get => _conditions;
        set => _conditions = value;
    }

    public LinkCounters Counters => new()
    {
        Entered = Interlocked.Read(ref _entered),
        Delivered = Interlocked.Read(ref _delivered),
        DeliveredBytes = Interlocked.Read(ref _deliveredBytes),
        Lost = Interlocked.Read(ref _lost),
        QueueFull = Interlocked.Read(ref _queueFull),
        InFlightFull = Interlocked.Read(ref _inFlightFull),
        Refused = Interlocked.Read(ref _refused),
    };

    public void Dispose()
    {
        _from.Stop();
        _thread.Join();
    }

    private static long NowNanoseconds() => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    private void Run()
    {
        bool isRunning = true;
        while (isRunning)
        {
            bool isDrained = Drain();
            DeliverDue();
            if (!isDrained)
            {
                continue;
            }

            if (_held.TryPeek(out HeldPacket next))
            {
                long nanoseconds = Math.Max(0, next.ArrivesAt - NowNanoseconds());

                // Rounded up to the next 100 ns: waking early would turn the wait into a loop.
                isRunning = _from.WaitReadable(TimeSpan.FromTicks((nanoseconds + 99) / TimeSpan.NanosecondsPerTick));
            }
            else
            {
                isRunning = _from.WaitReadable();
            }
        }
    }

    /// <summary>False when the batch ended before the device was empty.</summary>
    private bool Drain()
    {
        LinkConditions conditions = _conditions;
        for (int i = 0; i < ReadBatchPackets; i++)
        {
            byte[] buffer = _buffers.TryPop(out byte[]? free) ? free : new byte[_from.MtuBytes];
            if (!_from.TryRead(buffer, out int bytes))
            {
                _buffers.Push(buffer);
                return true;
            }

            // Single writer: a plain increment published for readers.
            Volatile.Write(ref _entered, _entered + 1);
            Admit(conditions, buffer, bytes);
        }

        return false;
    }

    private void Admit(LinkConditions conditions, byte[] buffer, int bytes)
    {
        LinkVerdict verdict = LinkVerdict.InFlightFull;
        if (_heldBytes + bytes <= InFlightBytesMax)
        {
            verdict = _shaper.Judge(conditions, bytes, NowNanoseconds(), out long arrivesAt);
            if (verdict == LinkVerdict.Deliver)
            {
                _held.Enqueue(new HeldPacket(buffer, bytes, arrivesAt));
                _heldBytes += bytes;
                return;
            }
        }

        _buffers.Push(buffer);
        ref long counter = ref verdict == LinkVerdict.Lost ? ref _lost
            : ref verdict == LinkVerdict.QueueFull ? ref _queueFull : ref _inFlightFull;
        Volatile.Write(ref counter, counter + 1);
    }

    private void DeliverDue()
    {
        while (_held.TryPeek(out HeldPacket packet) && packet.ArrivesAt <= NowNanoseconds())
        {
            _held.Dequeue();
            _heldBytes -= packet.Bytes;
            if (_to.TryWrite(packet.Buffer.AsSpan(0, packet.Bytes)))
            {
                Volatile.Write(ref _delivered, _delivered + 1);
                Volatile.Write(ref _deliveredBytes, _deliveredBytes + packet.Bytes);
            }
            else
            {
                Volatile.Write(ref _refused, _refused + 1);
            }

            _buffers.Push(packet.Buffer);
        }
    }

    private readonly record struct HeldPacket(byte[] Buffer, int Bytes, long ArrivesAt);
}
