using System.Buffers.Binary;
using System.Text;
using OrleansUem.Agent.Links;
using OrleansUem.Agent.Native;

namespace OrleansUem.Agent.Tun;

/// <summary>
/// A TUN device of the Linux kernel (Documentation/networking/tuntap.rst), without packet information header. The interface
/// exists in the network namespace of the thread that opened it and vanishes on Dispose or with the process, kill -9
/// included. The descriptor does not block: a blocked reader waits in poll on it and on a wake event.
/// <para>
/// One packet per system call. Offload (IFF_VNET_HDR, segmentation in batches) would change only <see cref="Open"/>,
/// <see cref="TryRead"/> and <see cref="TryWrite"/>.
/// </para>
/// </summary>
public sealed class LinuxTunDevice : ITunDevice
{
    private const string ControlPath = "/dev/net/tun";

    // linux/if_tun.h; struct ifreq is 40 bytes on 64-bit systems, its flags follow the 16 bytes of the name.
    private const nuint TunSetIff = 0x400454ca;
    private const short IffTun = 0x0001;
    private const short IffNoPacketInformation = 0x1000;
    private const int InterfaceRequestBytes = 40;
    private const int InterfaceNameBytes = 16;

    private readonly OwnedDescriptor _descriptor;
    private readonly WakeEvent _stop = new();
    private readonly TunCounterSet _counters = new();
    private volatile bool _isStopped;
    private int _isDisposed;

    private LinuxTunDevice(OwnedDescriptor descriptor, string name, int mtuBytes)
    {
        _descriptor = descriptor;
        Name = name;
        MtuBytes = mtuBytes;
    }

    public string Name { get; }

    public int MtuBytes { get; }

    public bool IsStopped => _isStopped;

    public TunCounters Counters => _counters.Snapshot();

    /// <summary>Creates the interface and sets its MTU. It has no address and is down: see <see cref="NetworkLink"/>.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="TunUnavailableException">No TUN driver, no permission, or the name is taken.</exception>
    public static LinuxTunDevice Open(TunOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        int opened = Libc.Open(ControlPath, Libc.OpenReadWrite | Libc.OpenNonBlocking | Libc.OpenCloseOnExec);
        if (opened < 0)
        {
            throw new TunUnavailableException(ExplainOpen(ErrnoText.Last()));
        }

        OwnedDescriptor descriptor = OwnedDescriptor.Take(opened, "open");
        try
        {
            Span<byte> request = stackalloc byte[InterfaceRequestBytes];
            request.Clear();
            Encoding.UTF8.GetBytes(options.Name, request);
            BinaryPrimitives.WriteInt16LittleEndian(request[InterfaceNameBytes..], IffTun | IffNoPacketInformation);
            if (Libc.Ioctl(descriptor, TunSetIff, request) < 0)
            {
                throw new TunUnavailableException(ExplainAttach(ErrnoText.Last(), options.Name));
            }

            ReadOnlySpan<byte> name = request[..InterfaceNameBytes];
            string assigned = Encoding.UTF8.GetString(name[..name.IndexOf((byte)0)]);
            using NetworkLink link = NetworkLink.Open(assigned);
            link.SetMtu(options.MtuBytes);
            return new LinuxTunDevice(descriptor, assigned, options.MtuBytes);
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }

    public bool TryRead(Span<byte> packet, out int bytes)
    {
        bytes = 0;
        while (!_isStopped)
        {
            nint read;
            try
            {
                read = Libc.Read(_descriptor, packet, packet.Length);
            }
            catch (ObjectDisposedException)
            {
                // Dispose won the race between the check above and the call: the same as stopped.
                return false;
            }

            if (read > 0)
            {
                bytes = (int)read;
                _counters.Read(bytes);
                return true;
            }

            Errno errno = ErrnoText.Last();
            if (read == 0 || errno == Errno.EAGAIN)
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

    public int Read(Span<byte> packet)
    {
        int bytes;
        while (!TryRead(packet, out bytes) && WaitReadable())
        {
        }

        return bytes;
    }

    public bool TryWrite(ReadOnlySpan<byte> packet)
    {
        while (!_isStopped)
        {
            nint written;
            try
            {
                written = Libc.Write(_descriptor, packet, packet.Length);
            }
            catch (ObjectDisposedException)
            {
                break;
            }

            if (written > 0)
            {
                _counters.Written((int)written);
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
                    _counters.DroppedMalformed();
                    return false;
                default:
                    _counters.DroppedLinkDown();
                    return false;
            }
        }

        _counters.DroppedLinkDown();
        return false;
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

    private static string ExplainOpen(Errno errno) => errno switch
    {
        Errno.ENOENT or Errno.ENODEV or Errno.ENXIO =>
            $"{ControlPath} is missing: the kernel's TUN driver is not available. Load it with 'modprobe tun' and, where no "
            + "udev runs, create the file: mkdir -p /dev/net && mknod /dev/net/tun c 10 200. A container needs "
            + "--device /dev/net/tun --cap-add NET_ADMIN.",
        Errno.EPERM or Errno.EACCES =>
            $"No permission to open {ControlPath} ({errno}): run as root, or make the file accessible (chmod 0666 "
            + $"{ControlPath}) and give the program CAP_NET_ADMIN (setcap cap_net_admin+ep PROGRAM).",
        _ => $"Opening {ControlPath} failed: {ErrnoText.Describe(errno)}.",
    };

    private static string ExplainAttach(Errno errno, string name) => errno switch
    {
        Errno.EPERM =>
            $"No permission to create TUN {name} (EPERM): CAP_NET_ADMIN is missing. Run as root, or give the program the "
            + "capability (setcap cap_net_admin+ep PROGRAM).",
        Errno.EBUSY => $"TUN {name} is in use by another process (EBUSY): stop that process or choose another name.",
        Errno.EINVAL =>
            $"TUN {name} cannot be created (EINVAL): an interface of this name exists and is not a TUN. Choose another name.",
        _ => $"Creating TUN {name} failed: {ErrnoText.Describe(errno)}.",
    };
}
