using OrleansUem.Agent.Native;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.Agent.Tun;

/// <summary>
/// A TUN device of the Linux kernel (Documentation/networking/tuntap.rst), without packet information header. The interface
/// exists in the network namespace of the thread that opened it and vanishes on Dispose or with the process, kill -9
/// included. The descriptor does not block: a blocked reader waits in poll on it and on a wake event.
/// <para>
/// With offloads (IFF_VNET_HDR) a <see cref="VirtioNetHeader"/> stands before each packet in both directions and one system call carries a super-packet.
/// </para>
/// </summary>
public sealed partial class LinuxTunDevice : ITunDevice
{
    private readonly OwnedDescriptor _descriptor;
    private readonly WakeEvent _stop = new();
    private readonly TunCounterSet _counters = new();
    private readonly bool _hasHeader;
    private volatile bool _isStopped;
    private int _isDisposed;

    private LinuxTunDevice(OwnedDescriptor descriptor, string name, int mtuBytes, bool hasHeader, TunOffloads wanted, TunOffloads offloads)
    {
        _descriptor = descriptor;
        _hasHeader = hasHeader;
        Name = name;
        MtuBytes = mtuBytes;
        Offloads = offloads;
        OffloadNotice = ExplainMissing(wanted & ~offloads);
    }

    public string Name { get; }

    public int MtuBytes { get; }

    public TunOffloads Offloads { get; }

    public string OffloadNotice { get; }

    public int ReadBytesMax => Offloads == TunOffloads.None ? MtuBytes : Ipv4Packet.PacketBytesMax;

    public bool IsStopped => _isStopped;

    public TunCounters Counters => _counters.Snapshot();

    public bool TryRead(Span<byte> packet, out VirtioNetHeader offload, out int bytes)
    {
        offload = default;
        bytes = 0;
        Span<byte> header = stackalloc byte[VirtioNetHeader.WireBytes];
        int headerBytes = _hasHeader ? VirtioNetHeader.WireBytes : 0;
        while (!_isStopped)
        {
            nint read;
            try
            {
                read = _hasHeader ? PacketIo.Read(_descriptor, header, packet) : Libc.Read(_descriptor, packet, packet.Length);
            }
            catch (ObjectDisposedException)
            {
                // Dispose won the race between the check above and the call: the same as stopped.
                return false;
            }

            if (read > headerBytes)
            {
                offload = _hasHeader ? VirtioNetHeader.Read(header) : default;
                bytes = (int)read - headerBytes;
                _counters.Read(bytes, offload.Segmentation != VirtioSegmentation.None);
                return true;
            }

            Errno errno = ErrnoText.Last();
            if (read >= 0 || errno == Errno.EAGAIN)
            {
                return false;
            }

            if (errno == Errno.EBADFD)
            {
                // The kernel detached the device: its interface was deleted or its namespace removed.
                Stop();
                return false;
            }

            if (errno != Errno.EINTR)
            {
                throw new IOException($"Reading from TUN {Name} failed: {ErrnoText.Describe(errno)}.");
            }
        }

        return false;
    }

    public bool WaitReadable() => Wait([]);

    /// <summary>As <see cref="WaitReadable()"/>, but returns true at the latest after <paramref name="timeout"/> as well.</summary>
    /// <param name="timeout">Not negative; the kernel's timers keep it to about 0.1 ms.</param>
    public bool WaitReadable(TimeSpan timeout)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        long nanoseconds = timeout.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick;
        return Wait([new Libc.TimeLimit { Seconds = timeout.Ticks / TimeSpan.TicksPerSecond, Nanoseconds = nanoseconds }]);
    }

    public bool TryWrite(ReadOnlySpan<byte> packet)
    {
        ReadOnlySpan<BufferSlice> whole = [new BufferSlice(0, packet.Length)];
        return !packet.IsEmpty ? TryWrite(default, packet, whole, packet.Length) : DropMalformed();
    }

    public bool TryWrite(in CoalescedPacket packet)
    {
        int bytes = 0;
        foreach (BufferSlice slice in packet.Slices)
        {
            bytes += slice.Bytes;
        }

        return bytes > 0 ? TryWrite(packet.Offload, packet.Buffer, packet.Slices, bytes) : DropMalformed();
    }

    public void Stop()
    {
        if (_isStopped)
        {
            return;
        }

        _isStopped = true;
        try
        {
            _stop.Signal();
        }
        catch (ObjectDisposedException)
        {
            // Another thread stopped and disposed in between.
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            Stop();
            _descriptor.Dispose();
            _stop.Dispose();
        }
    }

    private bool TryWrite(in VirtioNetHeader offload, ReadOnlySpan<byte> buffer, ReadOnlySpan<BufferSlice> slices, int bytes)
    {
        Span<byte> header = stackalloc byte[VirtioNetHeader.WireBytes];
        offload.Write(header);
        while (!_isStopped)
        {
            nint written;
            try
            {
                written = PacketIo.Write(_descriptor, header[..(_hasHeader ? VirtioNetHeader.WireBytes : 0)], buffer, slices);
            }
            catch (ObjectDisposedException)
            {
                break;
            }

            if (written > 0)
            {
                _counters.Written(bytes, offload.Segmentation != VirtioSegmentation.None);
                return true;
            }

            switch (written == 0 ? Errno.EINVAL : ErrnoText.Last())
            {
                case Errno.EINTR:
                    continue;
                case Errno.EAGAIN or Errno.ENOBUFS or Errno.ENOMEM:
                    _counters.DroppedQueueFull();
                    return false;
                case Errno.EINVAL or Errno.EMSGSIZE:
                    return DropMalformed();
                default:
                    _counters.DroppedLinkDown();
                    return false;
            }
        }

        _counters.DroppedLinkDown();
        return false;
    }

    private bool DropMalformed()
    {
        _counters.DroppedMalformed();
        return false;
    }

    private bool Wait(ReadOnlySpan<Libc.TimeLimit> timeout)
    {
        Span<Libc.PollEntry> entries = stackalloc Libc.PollEntry[2];
        bool keepsDevice = false;
        bool keepsStop = false;
        try
        {
            _descriptor.DangerousAddRef(ref keepsDevice);
            _stop.Descriptor.DangerousAddRef(ref keepsStop);
            entries[0] = new Libc.PollEntry { Descriptor = _descriptor.Number, Events = Libc.PollIn };
            entries[1] = new Libc.PollEntry { Descriptor = _stop.Descriptor.Number, Events = Libc.PollIn };
            while (!_isStopped)
            {
                if (Libc.Poll(entries, 2, timeout, []) >= 0)
                {
                    return !_isStopped;
                }

                Errno errno = ErrnoText.Last();
                if (errno != Errno.EINTR)
                {
                    throw new IOException($"Waiting for TUN {Name} failed: {ErrnoText.Describe(errno)}.");
                }
            }
        }
        catch (ObjectDisposedException)
        {
            // Disposed before the wait began: the same as stopped.
        }
        finally
        {
            if (keepsDevice)
            {
                _descriptor.DangerousRelease();
            }

            if (keepsStop)
            {
                _stop.Descriptor.DangerousRelease();
            }
        }

        return false;
    }
}
