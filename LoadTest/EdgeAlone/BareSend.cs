using System.Net;
using OrleansUem.LoadTest.Machines;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Paths;
using OrleansUem.Transport.Datagrams;

namespace OrleansUem.LoadTest.EdgeAlone;

/// <summary>
/// What the kernel alone takes to carry one small datagram to each of many waiting sockets in turn: the floor under "one to each device", in the same run. The rest of that figure is receiving and the edge's
/// own work.
/// </summary>
internal sealed class BareSend : IDisposable
{
    private readonly UdpBatchSocket _sender;
    private readonly List<Receiver> _receivers = [];
    private readonly PathAddress[] _addresses;

    /// <summary>Opens the sockets; a thread waits on each.</summary>
    public BareSend(int receivers)
    {
        var anyPort = new IPEndPoint(IPAddress.Loopback, 0);
        _sender = UdpBatchSocket.Bind(anyPort, new UdpSocketOptions());
        for (var i = 0; i < receivers; i++)
        {
            _receivers.Add(new Receiver(UdpBatchSocket.Bind(anyPort, new UdpSocketOptions())));
        }

        _addresses = [.. _receivers.Select(receiver => receiver.Address)];
    }

    /// <summary>Sends until the time is over.</summary>
    /// <returns>How many datagrams were sent, and this thread's CPU time meanwhile.</returns>
    public (long Sent, TimeSpan Cpu) Run(int bytes, TimeSpan length, CancellationToken cancellationToken)
    {
        var before = ThreadTime.Read();
        var sent = Send(bytes, length, cancellationToken);
        return (sent, ThreadTime.Read(before) ?? TimeSpan.Zero);
    }

    public void Dispose()
    {
        _receivers.ForEach(receiver => receiver.Dispose());
        _sender.Dispose();
    }

    private long Send(int bytes, TimeSpan length, CancellationToken cancellationToken)
    {
        var datagram = new byte[bytes];
        var startedAt = TimeProvider.System.GetTimestamp();
        var sent = 0L;
        while (TimeProvider.System.GetElapsedTime(startedAt) < length && !cancellationToken.IsCancellationRequested)
        {
            foreach (ref readonly var address in _addresses.AsSpan())
            {
                sent += _sender.Send(datagram, [new BufferSlice(0, bytes)], bytes, address, from: null).Sent;
            }
        }

        return sent;
    }

    private sealed class Receiver : IDisposable
    {
        private readonly UdpBatchSocket _socket;
        private readonly DatagramWaiter _waiter = new();
        private readonly Thread _thread;
        private volatile bool _isStopping;

        public Receiver(UdpBatchSocket socket)
        {
            _socket = socket;
            Address = PathAddress.Of(socket.LocalEndPoint);
            _thread = new Thread(Run, maxStackSize: 256 * 1024) { IsBackground = true, Name = "bare receiver" };
            _thread.Start();
        }

        public PathAddress Address { get; }

        public void Dispose()
        {
            _isStopping = true;
            _waiter.Wake();
            _thread.Join();
            _waiter.Dispose();
            _socket.Dispose();
        }

        private void Run()
        {
            var buffer = new byte[UdpBatchSocket.ReceiveBytes];
            while (!_isStopping)
            {
                _waiter.Wait([_socket], Timeout.InfiniteTimeSpan);
                while (_socket.TryReceive(buffer, out _) == ReceiveOutcome.Received)
                {
                }
            }
        }
    }
}
