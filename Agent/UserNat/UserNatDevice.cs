using OrleansUem.Agent.Native;
using OrleansUem.Agent.Tun;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.UserNat;

/// <summary>
/// A NAT in this process in the place of a TUN and the kernel's NAT: packets of guests become connections of this process, made by libslirp, and what comes back becomes packets. Needs no right of
/// any kind. TCP, UDP and ping; nobody outside can reach a guest that did not speak first. The machine's loopback can't be reached.
/// <para>
/// Writes may come from any thread; a thread of its own works on them. TCP super-packets are taken, and whole packets given.
/// </para>
/// </summary>
public sealed class UserNatDevice : ITunDevice
{
    // Arbitrary: some hundred packets of the uplink's thread, or 16 super-packets, while the NAT's thread is in a call.
    private const int InputBytes = 1024 * 1024;

    // Sockets are left alone below the reserve: room for all that one read of a stack may give, since it reads up to 128 KiB (TCP_SNDSPACE) of each socket.
    private const int OutputBytes = 2 * 1024 * 1024;
    private const int OutputReserveBytes = 512 * 1024;

    private readonly PacketQueue _input = new(InputBytes);
    private readonly PacketQueue _output = new(OutputBytes);
    private readonly SemaphoreSlim _readable = new(0);
    private readonly TunCounterSet _counters = new();
    private readonly UserNatLoop _loop;
    private readonly Thread _thread;
    private volatile bool _isStopped;
    private volatile Exception? _fault;
    private int _isDisposed;

    private UserNatDevice(UserNatOptions options, Action<DropReason> onDrop, TimeProvider time)
    {
        MtuBytes = options.MtuBytes;
        CanPing = UserNatHost.CanPing();
        _loop = new UserNatLoop(options, CanPing, _input, TryOutput, () => _output.FreeBytes > OutputReserveBytes, onDrop, time);
        _thread = new Thread(Run) { IsBackground = true, Name = "uem-user-nat" };
    }

    public string Name => "user-mode NAT";

    public int MtuBytes { get; }

    /// <summary>Whether guests' pings are sent on; without, the message of the notice.</summary>
    public bool CanPing { get; }

    public TunOffloads Offloads => TunOffloads.Checksum | TunOffloads.Tcp4;

    public string OffloadNotice => CanPing
        ? ""
        : "devices' pings get no answer, since this user may not send any: sysctl net.ipv4.ping_group_range='0 2147483647' as root allows it";

    public int ReadBytesMax => Ipv4Packet.PacketBytesMax;

    public bool IsStopped => _isStopped;

    public TunCounters Counters => _counters.Snapshot();

    /// <summary>Starts the NAT.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="onDrop">Counts what is dropped after it was taken; called on the NAT's thread.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ArgumentException">An option is out of its bounds.</exception>
    /// <exception cref="UserNatUnavailableException">libslirp is missing or too old.</exception>
    public static UserNatDevice Open(UserNatOptions options, Action<DropReason> onDrop, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(onDrop);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MtuBytes, 576);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MtuBytes, 9000);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.SocketsPerGuestMax, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.SocketsPerGuestMax, ushort.MaxValue);
        RequireLibrary();

        var device = new UserNatDevice(options, onDrop, time);
        device._thread.Start();
        return device;
    }

    public bool TryRead(Span<byte> packet, out VirtioNetHeader offload, out int bytes)
    {
        offload = default;
        bytes = 0;
        if (_isStopped || !_output.TryPeek(out var next))
        {
            return false;
        }

        // A short buffer cuts the packet, as the kernel does.
        bytes = Math.Min(next.Length, packet.Length);
        next[..bytes].CopyTo(packet);
        _output.Remove();
        if (_loop.IsHeldBack && _output.FreeBytes > OutputReserveBytes)
        {
            _loop.Wake();
        }

        _counters.Read(bytes, isSuperPacket: false);
        return true;
    }

    public bool WaitReadable()
    {
        if (!_isStopped && _output.Await())
        {
            _readable.Wait();
        }

        if (_fault is { } fault)
        {
            throw new IOException($"The {Name} ended: {fault.Message}", fault);
        }

        return !_isStopped;
    }

    public bool TryWrite(ReadOnlySpan<byte> packet)
    {
        ReadOnlySpan<BufferSlice> whole = [new BufferSlice(0, packet.Length)];
        return TryWrite(default, packet, whole, packet.Length);
    }

    public bool TryWrite(in CoalescedPacket packet)
    {
        var bytes = 0;
        foreach (var slice in packet.Slices)
        {
            bytes += slice.Bytes;
        }

        return TryWrite(packet.Offload, packet.Buffer, packet.Slices, bytes);
    }

    public void Stop()
    {
        _isStopped = true;
        _loop.Stop();
        _readable.Release();
    }

    /// <summary>Stops and closes every connection of the guests.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            Stop();
            _thread.Join();
            _loop.Dispose();
        }
    }

    private bool TryWrite(in VirtioNetHeader offload, ReadOnlySpan<byte> buffer, ReadOnlySpan<BufferSlice> slices, int bytes)
    {
        if (_isStopped)
        {
            _counters.DroppedLinkDown();
            return false;
        }

        if (bytes is 0 or > Ipv4Packet.PacketBytesMax)
        {
            _counters.DroppedMalformed();
            return false;
        }

        // The place of the Ethernet header carries what is still to be done until the NAT's thread takes the packet.
        Span<byte> head = stackalloc byte[EthernetFrame.HeaderBytes];
        offload.Write(head);
        if (!_input.TryAdd(head, buffer, slices, out var isAwaited))
        {
            _counters.DroppedQueueFull();
            return false;
        }

        if (isAwaited)
        {
            _loop.Wake();
        }

        _counters.Written(bytes, offload.Segmentation != VirtioSegmentation.None);
        return true;
    }

    private static void RequireLibrary()
    {
        var found = LibSlirp.FindVersion();
        if (found is null || found < LibSlirp.VersionMin)
        {
            var what = found is null ? "which is not installed" : $"and {found} is installed";
            throw new UserNatUnavailableException($"The user-mode NAT needs libslirp {LibSlirp.VersionMin} or later, {what}: apt install libslirp0, or dnf install libslirp.");
        }
    }

    private bool TryOutput(ReadOnlySpan<byte> packet)
    {
        ReadOnlySpan<BufferSlice> whole = [new BufferSlice(0, packet.Length)];
        var isTaken = _output.TryAdd([], packet, whole, out var isAwaited);
        if (isAwaited)
        {
            _readable.Release();
        }

        return isTaken;
    }

    private void Run()
    {
        try
        {
            _loop.Run();
        }
        catch (Exception e)
        {
            // The top of a thread: who reads the device gets the fault.
            _fault = e;
            _readable.Release();
        }
    }
}
