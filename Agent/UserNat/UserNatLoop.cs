using OrleansUem.Agent.Native;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.UserNat;

/// <summary>
/// The one thread that owns libslirp. Each guest has a stack of its own, made by its first packet and given up a minute after its last socket: a stack looks its
/// connections up in a list and knows few neighbours, and what one guest opens is counted apart.
/// <code>
/// loop: wait for sockets, a timer or a packet -> serve the sockets -> give packets to the stacks
/// </code>
/// </summary>
internal sealed class UserNatLoop : ISlirpOwner, IDisposable
{
    // Arbitrary: sockets are looked after at least this often while a guest floods.
    private const int InputBatchMax = 256;

    /// <summary>Above the 30 s for which a stack holds fragments.</summary>
    private const long IdleMilliseconds = 60_000;

    private const uint HeldBackMilliseconds = 10;

    private readonly UserNatOptions _options;
    private readonly PacketQueue _input;
    private readonly Func<ReadOnlySpan<byte>, bool> _output;
    private readonly Func<bool> _hasOutputRoom;
    private readonly Action<DropReason> _onDrop;
    private readonly TimeProvider _time;
    private readonly bool _canPing;
    private readonly int _socketsMax = UserNatHost.SocketsMax();
    private readonly Dictionary<Ipv4Address, Guest> _guests = [];
    private readonly PollSet _polls = new();
    private readonly WakeEvent _wake = new();
    private Guest? _serving;
    private int _sockets;
    private volatile bool _isStopped;
    private volatile bool _isHeldBack;

    /// <param name="options">Settings.</param>
    /// <param name="canPing">Whether echo requests may be sent.</param>
    /// <param name="input">Packets of guests: a virtio header in the place of the Ethernet header, then the packet.</param>
    /// <param name="output">Takes a packet for a guest; false: no room.</param>
    /// <param name="hasOutputRoom">Whether it would take what one socket has.</param>
    /// <param name="onDrop">Counts.</param>
    /// <param name="time">The clock.</param>
    public UserNatLoop(
        UserNatOptions options,
        bool canPing,
        PacketQueue input,
        Func<ReadOnlySpan<byte>, bool> output,
        Func<bool> hasOutputRoom,
        Action<DropReason> onDrop,
        TimeProvider time)
    {
        (_options, _canPing, _input, _output, _hasOutputRoom, _onDrop, _time) = (options, canPing, input, output, hasOutputRoom, onDrop, time);
    }

    /// <summary>The output was full: who makes room calls <see cref="Wake"/>.</summary>
    public bool IsHeldBack => _isHeldBack;

    // Not from a start of its own: the library has one clock, whoever else uses it in this process.
    public long NowNanoseconds => _time.GetElapsedTime(0).Ticks * TimeSpan.NanosecondsPerTick;

    public bool HasOutputRoom => _hasOutputRoom();

    private long NowMilliseconds => (long)_time.GetElapsedTime(0).TotalMilliseconds;

    /// <summary>Ends a wait; from any thread.</summary>
    public void Wake()
    {
        _isHeldBack = false;
        try
        {
            _wake.Signal();
        }
        catch (ObjectDisposedException)
        {
            // A late packet: the thread has ended.
        }
    }

    /// <summary>Lets <see cref="Run"/> return; from any thread.</summary>
    public void Stop()
    {
        _isStopped = true;
        Wake();
    }

    /// <summary>Runs until stopped, then closes every socket.</summary>
    /// <exception cref="IOException">The library or the kernel fails.</exception>
    public void Run()
    {
        try
        {
            while (!_isStopped)
            {
                var areSocketsWaitedFor = Wait();
                foreach (var guest in _guests.Values)
                {
                    Serve(guest, areSocketsWaitedFor);
                }

                TakeInput();
                ForgetIdleGuests();
            }
        }
        finally
        {
            foreach (var guest in _guests.Values)
            {
                guest.Stack.Dispose();
            }

            _guests.Clear();
        }
    }

    public void OnFrame(ReadOnlySpan<byte> frame)
    {
        // A stack's questions for neighbours: its one guest was announced to it when it was made.
        if (!EthernetFrame.TryGetPacket(frame, out var bytes))
        {
            return;
        }

        if (!Ipv4Packet.TryParse(bytes, out var packet, out _) || _serving is not { } guest || packet.Destination != guest.Address)
        {
            _onDrop(DropReason.MalformedPacket);
            return;
        }

        var drop = guest.Traffic.ToGuest(packet, NowMilliseconds);
        if (drop != DropReason.Unspecified || !_output(packet.Bytes))
        {
            _onDrop(drop == DropReason.Unspecified ? DropReason.QueueFull : drop);
        }
    }

    public void OnSocket(bool isOpened) => _sockets += isOpened ? 1 : -1;

    /// <summary>Call after the thread has ended.</summary>
    public void Dispose() => _wake.Dispose();

    private bool Wait()
    {
        _polls.Clear();
        var wake = _polls.Add(_wake.Descriptor.Number, Libc.PollIn);

        // While the output is full the sockets fill up in the kernel, which is what slows their senders. The time limit is for the stacks' timers.
        _isHeldBack = true;
        var areSocketsWaitedFor = HasOutputRoom;
        _isHeldBack = !areSocketsWaitedFor;
        var timeout = areSocketsWaitedFor ? uint.MaxValue : HeldBackMilliseconds;
        if (areSocketsWaitedFor)
        {
            foreach (var guest in _guests.Values)
            {
                guest.Stack.FillPolls(_polls, ref timeout);
            }
        }

        _polls.Wait(_input.Await() ? timeout : 0);
        if (_polls.ReturnedEvents(wake) != 0)
        {
            _wake.Clear();
        }

        return areSocketsWaitedFor;
    }

    private void Serve(Guest guest, bool areSocketsWaitedFor)
    {
        _serving = guest;
        if (areSocketsWaitedFor)
        {
            guest.Stack.HandlePolls();
        }
        else
        {
            guest.Stack.HandleTimers();
        }

        _serving = null;
    }

    private void TakeInput()
    {
        for (var i = 0; i < InputBatchMax && _input.TryPeek(out var frame); i++)
        {
            try
            {
                TakeInput(frame);
            }
            finally
            {
                _input.Remove();
            }
        }
    }

    private void TakeInput(Span<byte> frame)
    {
        var offload = VirtioNetHeader.Read(frame);
        var bytes = frame[EthernetFrame.HeaderBytes..];
        if (!Ipv4Packet.TryParse(bytes, out var packet, out _) || !IsForTheStack(packet))
        {
            _onDrop(DropReason.MalformedPacket);
            return;
        }

        var guest = GuestOf(packet.Source);
        var now = guest.LastInputAt = NowMilliseconds;
        var socketsOfGuest = _sockets < _socketsMax ? guest.Stack.Sockets : int.MaxValue;

        // The stack answers pings of its own address itself, without a socket.
        var isOfTheStack = packet.Destination == _options.OwnAddress && !packet.IsFragment;
        var drop = isOfTheStack ? DropReason.Unspecified : guest.Traffic.FromGuest(packet, socketsOfGuest, now);
        if (drop != DropReason.Unspecified)
        {
            _onDrop(drop);
            return;
        }

        PendingChecksum.Finish(bytes, offload);
        EthernetFrame.WriteHeader(frame);
        _serving = guest;
        guest.Stack.Input(frame);
        _serving = null;
    }

    // The policy has been applied before; this holds whatever the policy says: the node's own loopback, multicast and the pool are no destinations of sockets.
    private bool IsForTheStack(in Ipv4Packet packet) =>
        packet.Source != _options.OwnAddress
        && _options.Pool.Contains(packet.Source)
        && packet.Destination.IsUnicastHost
        && (!_options.Pool.Contains(packet.Destination)
            || (packet.Destination == _options.OwnAddress && packet.Protocol == IpProtocolNumber.Icmp));

    private Guest GuestOf(Ipv4Address address)
    {
        if (_guests.TryGetValue(address, out var known))
        {
            return known;
        }

        var guest = new Guest(
            address,
            new SlirpStack(_options.Pool, _options.OwnAddress, _options.MtuBytes, this),
            new GuestTraffic(_options.SocketsPerGuestMax, _canPing));
        _guests.Add(address, guest);
        Span<byte> announcement = stackalloc byte[EthernetFrame.AnnouncementBytes];
        EthernetFrame.WriteAnnouncement(address, announcement);
        guest.Stack.Input(announcement);
        return guest;
    }

    private void ForgetIdleGuests()
    {
        var now = NowMilliseconds;
        foreach (var (address, guest) in _guests)
        {
            if (guest.Stack.Sockets == 0 && now - guest.LastInputAt > IdleMilliseconds)
            {
                guest.Stack.Dispose();
                _guests.Remove(address);
            }
        }
    }

    private sealed record Guest(Ipv4Address Address, SlirpStack Stack, GuestTraffic Traffic)
    {
        public long LastInputAt { get; set; }
    }
}
