using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.Agent.Native;

/// <summary>
/// One virtual network of libslirp with one guest. The host's loopback is closed, and DNS, DHCP, IPv6, TFTP paths and protocol emulation are off: what is left are the guest's own
/// connections. All stacks of a process belong to one thread, since the library has a clock for the whole process.
/// </summary>
internal sealed unsafe class SlirpStack : IDisposable
{
    private static readonly LibSlirp.Callbacks* Callbacks = CreateCallbacks();

    private readonly ISlirpOwner _owner;
    private readonly GCHandle _self;
    private readonly nint _slirp;
    private PollSet? _polls;
    private Exception? _fault;

    /// <summary>Makes a stack.</summary>
    /// <param name="network">The virtual network; addresses outside of it are reached by sockets of this process.</param>
    /// <param name="host">The stack's own address in it, which answers pings and nothing else.</param>
    /// <param name="mtuBytes">The largest packet for the guest.</param>
    /// <param name="owner">Gets what comes out.</param>
    /// <exception cref="IOException">The library is too old.</exception>
    public SlirpStack(Ipv4Prefix network, Ipv4Address host, int mtuBytes, ISlirpOwner owner)
    {
        _owner = owner;
        _self = GCHandle.Alloc(this);
        var config = new LibSlirp.Config
        {
            Version = LibSlirp.ConfigVersion,
            IsIpv4Enabled = 1,
            Network = InNetworkOrder(network.Network.Value),
            NetworkMask = InNetworkOrder(uint.MaxValue << (32 - network.Length)),
            Host = InNetworkOrder(host.Value),
            NameServer = InNetworkOrder(host.Value),
            DhcpStart = InNetworkOrder(host.Value),
            MtuBytes = (nuint)mtuBytes,
            MruBytes = (nuint)mtuBytes,
            IsHostLoopbackDisabled = 1,
            IsDnsDisabled = 1,
            IsDhcpDisabled = 1,
        };
        _slirp = LibSlirp.Create(config, Callbacks, GCHandle.ToIntPtr(_self));
        if (_slirp == 0)
        {
            _self.Free();
            throw new IOException("libslirp refuses its settings: version 4.7 or later is needed.");
        }

        // The library's clock starts at 0 and moves in this call only; sockets made before it would expire at once.
        HandleTimers();
    }

    /// <summary>Open sockets of the guest's connections.</summary>
    public int Sockets { get; private set; }

    /// <summary>A frame from the guest.</summary>
    public void Input(ReadOnlySpan<byte> frame)
    {
        fixed (byte* bytes = frame)
        {
            LibSlirp.Input(_slirp, bytes, frame.Length);
        }

        ThrowIfFaulted();
    }

    /// <summary>Adds what is to be waited for; lowers the timeout to the next timer.</summary>
    public void FillPolls(PollSet polls, ref uint timeoutMilliseconds)
    {
        _polls = polls;
        LibSlirp.FillPolls(_slirp, ref timeoutMilliseconds, &OnAddPoll, GCHandle.ToIntPtr(_self));
    }

    /// <summary>Serves the sockets that the wait found ready, then timers.</summary>
    public void HandlePolls()
    {
        LibSlirp.HandlePolls(_slirp, isSkipped: 0, &OnReturnedEvents, GCHandle.ToIntPtr(_self));
        ThrowIfFaulted();
    }

    /// <summary>Serves timers only.</summary>
    public void HandleTimers()
    {
        LibSlirp.HandlePolls(_slirp, isSkipped: 1, &OnReturnedEvents, GCHandle.ToIntPtr(_self));
        ThrowIfFaulted();
    }

    /// <summary>Closes every socket.</summary>
    public void Dispose()
    {
        LibSlirp.Destroy(_slirp);
        _self.Free();
    }

    private static uint InNetworkOrder(uint value) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;

    private void ThrowIfFaulted()
    {
        if (_fault is { } fault)
        {
            throw new IOException($"The user-mode NAT failed: {fault.Message}", fault);
        }
    }

    private void Count(bool isOpened)
    {
        Sockets += isOpened ? 1 : -1;
        _owner.OnSocket(isOpened);
    }

    private static SlirpStack Of(nint opaque) => (SlirpStack)GCHandle.FromIntPtr(opaque).Target!;

    private static LibSlirp.Callbacks* CreateCallbacks()
    {
        // Never freed: one for the process.
        var callbacks = (LibSlirp.Callbacks*)NativeMemory.AllocZeroed((nuint)sizeof(LibSlirp.Callbacks));
        *callbacks = new LibSlirp.Callbacks
        {
            SendPacket = &OnSendPacket,
            GuestError = &OnGuestError,
            ClockNanoseconds = &OnClock,
            TimerNew = &OnTimerNew,
            TimerFree = &OnTimerFree,
            TimerModify = &OnTimerModify,
            RegisterSocket = &OnRegister,
            UnregisterSocket = &OnUnregister,
            Notify = &OnNotify,
            InitCompleted = &OnInitCompleted,
            TimerNewOpaque = &OnTimerNewOpaque,
        };
        return callbacks;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint OnSendPacket(byte* frame, nuint bytes, nint opaque)
    {
        var stack = Of(opaque);
        try
        {
            stack._owner.OnFrame(new ReadOnlySpan<byte>(frame, (int)bytes));
        }
        catch (Exception e)
        {
            // No exception may cross the library: the call that led here throws it.
            stack._fault = e;
        }

        return (nint)bytes;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long OnClock(nint opaque) => Of(opaque)._owner.NowNanoseconds;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnRegister(int descriptor, nint opaque)
    {
        // A socket that could not be made is registered as well.
        if (descriptor >= 0)
        {
            Of(opaque).Count(isOpened: true);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnUnregister(int descriptor, nint opaque)
    {
        if (descriptor >= 0)
        {
            Of(opaque).Count(isOpened: false);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnAddPoll(int descriptor, int events, nint opaque) => Of(opaque)._polls!.Add(descriptor, ToSystem(events));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnReturnedEvents(int index, nint opaque)
    {
        var stack = Of(opaque);
        var events = FromSystem(stack._polls!.ReturnedEvents(index));
        return stack._owner.HasOutputRoom ? events : events & LibSlirp.PollOut;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnGuestError(byte* message, nint opaque)
    {
        // What a guest does wrong is dropped by the library.
    }

    // Timers are for IPv6 router advertisements, which are off.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint OnTimerNew(nint callback, nint callbackOpaque, nint opaque) => 1;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint OnTimerNewOpaque(int id, nint callbackOpaque, nint opaque) => 1;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnTimerFree(nint timer, nint opaque)
    {
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnTimerModify(nint timer, long expires, nint opaque)
    {
    }

    // The owner's loop fills its polls anew after every input.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnNotify(nint opaque)
    {
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnInitCompleted(nint slirp, nint opaque)
    {
    }

    private static short ToSystem(int events) => (short)(
        (Has(events, LibSlirp.PollIn) ? Libc.PollIn : 0)
        | (Has(events, LibSlirp.PollPriority) ? Libc.PollPriority : 0)
        | (Has(events, LibSlirp.PollOut) ? Libc.PollOut : 0)
        | (Has(events, LibSlirp.PollError) ? Libc.PollError : 0)
        | (Has(events, LibSlirp.PollHangUp) ? Libc.PollHangUp : 0));

    private static int FromSystem(short events) =>
        (Has(events, Libc.PollIn) ? LibSlirp.PollIn : 0)
        | (Has(events, Libc.PollPriority) ? LibSlirp.PollPriority : 0)
        | (Has(events, Libc.PollOut) ? LibSlirp.PollOut : 0)
        | (Has(events, Libc.PollError) ? LibSlirp.PollError : 0)
        | (Has(events, Libc.PollHangUp) ? LibSlirp.PollHangUp : 0);

    private static bool Has(int events, int bit) => (events & bit) != 0;
}
