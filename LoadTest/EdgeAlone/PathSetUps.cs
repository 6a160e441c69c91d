using System.Net;
using OrleansUem.Agent.Identity;
using OrleansUem.LoadTest.Hostile;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Paths;
using OrleansUem.Transport.Datagrams;

namespace OrleansUem.LoadTest.EdgeAlone;

/// <summary>
/// The outer set-up over UDP alone, as often as the edge can: sessions that stand prove one new address after another, each with a probe, an ack with a token, a probe that brings it back and its ack
/// (Protocol/README.md "Paths"). All that full set-ups cost beside it, TLS and the tunnel, is not in it.
/// </summary>
internal sealed class PathSetUps : IAsyncDisposable
{
    /// <summary>Sessions that prove addresses at the same time, so that the edge reads several probes in a turn.</summary>
    private const int SessionCount = 16;

    /// <summary>Addresses of a session, used in turn: a path moves at each set-up.</summary>
    private const int AddressesOfSession = 4;

    private const int ProbeBytes = 1_444; // the largest frame, which a probe stands for
    private static readonly TimeSpan AckLimit = TimeSpan.FromSeconds(5);

    private readonly HostileTarget _target;
    private readonly List<Prover> _provers = [];

    private PathSetUps(HostileTarget target) => _target = target;

    /// <summary>Enrols devices and attaches them.</summary>
    /// <param name="devices">Where devices reach the edge over TCP; over UDP where ATTACHED says.</param>
    /// <param name="nodeState">The node's state directory; the node runs.</param>
    /// <param name="folder">For the devices' state.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<PathSetUps> StartAsync(RelayAddress devices, string nodeState, string folder, CancellationToken cancellationToken)
    {
        var setUps = new PathSetUps(new HostileTarget(new HostileOptions { Program = [], Addresses = 1 }, devices, devices.Port, nodeState, folder));
        try
        {
            for (var i = 0; i < SessionCount; i++)
            {
                var device = await setUps._target.EnrolAsync(cancellationToken);
                var (peer, attached) = await HostilePeer.AttachAsync(setUps._target, 0, device, cancellationToken);
                setUps._provers.Add(new Prover(peer, attached.Udp, new IPEndPoint(IPAddress.Loopback, attached.Udp.Port == 0 ? devices.Port : (int)attached.Udp.Port)));
            }

            return setUps;
        }
        catch
        {
            await setUps.DisposeAsync();
            throw;
        }
    }

    /// <summary>Proves addresses until the time is over.</summary>
    /// <returns>How many were proven.</returns>
    /// <exception cref="TimeoutException">The edge left a probe without an answer.</exception>
    public long Run(TimeSpan length, CancellationToken cancellationToken)
    {
        var startedAt = TimeProvider.System.GetTimestamp();
        var count = 0L;
        while (TimeProvider.System.GetElapsedTime(startedAt) < length && !cancellationToken.IsCancellationRequested)
        {
            _provers.ForEach(prover => prover.Begin());
            _provers.ForEach(prover => prover.BringBack());
            _provers.ForEach(prover => prover.End());
            count += _provers.Count;
        }

        return count;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var prover in _provers)
        {
            await prover.DisposeAsync();
        }

        _target.Dispose();
    }

    private sealed class Prover(HostilePeer peer, UdpPath offer, IPEndPoint edge) : IAsyncDisposable
    {
        private readonly PathKeys _keys = new(offer.Secret.Span);
        private readonly DatagramWaiter _waiter = new();
        private readonly byte[] _buffer = new byte[UdpBatchSocket.ReceiveBytes];
        private readonly UdpBatchSocket[] _sockets = [.. Enumerable.Range(0, AddressesOfSession).Select(_ => UdpBatchSocket.Connect(edge, new UdpSocketOptions()))];
        private ulong _counter;
        private int _turn;

        public void Begin()
        {
            _turn = (_turn + 1) % AddressesOfSession;
            Send(token: 0);
        }

        public void BringBack() => Send(NextAck().Token);

        public void End() => NextAck();

        public async ValueTask DisposeAsync()
        {
            Array.ForEach(_sockets, socket => socket.Dispose());
            _waiter.Dispose();
            await peer.DisposeAsync();
        }

        private void Send(ulong token)
        {
            var probe = _buffer.AsSpan(0, ProbeBytes);
            new PathDatagram(PathDatagramType.Probe, ProbeBytes, offer.PathId, ++_counter, token).Write(probe, _keys.Probe);
            _sockets[_turn].Send(probe, ProbeBytes);
        }

        private PathDatagram NextAck()
        {
            while (true)
            {
                if (_sockets[_turn].TryReceive(_buffer, out var received) == ReceiveOutcome.Received)
                {
                    if (PathDatagram.TryRead(_buffer.AsSpan(0, received.Bytes), out var ack) && ack.Counter == _counter)
                    {
                        return ack;
                    }
                }
                else if (_waiter.Wait([_sockets[_turn]], AckLimit) == 0)
                {
                    throw new TimeoutException($"The edge left a probe unanswered for {AckLimit.TotalSeconds:F0} s.");
                }
            }
        }
    }
}
