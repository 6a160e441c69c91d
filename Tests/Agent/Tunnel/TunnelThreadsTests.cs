using System.Collections;
using System.Collections.Concurrent;
using OrleansUem.Agent.Tunnel;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using OrleansUem.Tests.Protocol.Tunnel;
using Xunit;

namespace OrleansUem.Tests.Agent.Tunnel;

/// <summary>Both directions of a tunnel at full speed on threads of their own, while the keys are renewed again and again.</summary>
public sealed class TunnelThreadsTests
{
    /// <summary>A node takes a renewal a second, so this is about as many seconds.</summary>
    private const int Renewals = 3;

    /// <summary>More than can pass in the time of a few renewals; memory for one bit each.</summary>
    private const int PacketsMax = 20_000_000;

    private static readonly TimeSpan SafetyTimeout = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task SendAndReceive_OnFourThreadsWithRenewals_EveryPacketArrivesOnceOrIsCounted()
    {
        using var authority = new TestAuthority();
        var time = new EpochTimeProvider();
        using var deviceTimer = new TunnelTimer(time);
        using var nodeTimer = new TunnelTimer(time);
        using var deviceOwn = authority.Issue(PeerRole.Device, "laptop-1");
        using var nodeOwn = authority.Issue(PeerRole.Node, "node-1");
        using var deviceContexts = TunnelContexts.Create(deviceOwn);
        using var nodeContexts = TunnelContexts.Create(nodeOwn);
        var limits = TunnelKeyLimits.Default with { RecordsBeforeRekey = 2_000 };
        using var toNode = new Wire();
        using var toDevice = new Wire();
        var deviceEnd = new ThreadEnd(toNode);
        var nodeEnd = new ThreadEnd(toDevice) { Admission = TunnelAdmission.WithOffer(TunnelSamples.Small) };
        var device = new SecureTunnel(deviceContexts, deviceTimer, new TunnelPeer("node-1"), deviceEnd, limits);
        var node = new SecureTunnel(nodeContexts, nodeTimer, new TunnelPeer("laptop-1"), nodeEnd, limits);
        Task<int>[] readers = [Run(() => toNode.ReadInto(node)), Run(() => toDevice.ReadInto(device))];
        node.Start();
        device.Start();
        Assert.True(deviceEnd.IsUp.Wait(SafetyTimeout) && nodeEnd.IsUp.Wait(SafetyTimeout), "the tunnel comes up");

        Task<int>[] writers = [Run(() => Write(device, toNode)), Run(() => Write(node, toDevice))];
        var sentByDevice = await writers[0].WaitAsync(SafetyTimeout);
        var sentByNode = await writers[1].WaitAsync(SafetyTimeout);
        toNode.End();
        toDevice.End();
        await Task.WhenAll(readers).WaitAsync(SafetyTimeout);

        Assert.Equal((TunnelState.Up, TunnelState.Up), (device.State, node.State));
        foreach (var (end, tunnel, sent) in new[] { (deviceEnd, device, sentByNode), (nodeEnd, node, sentByDevice) })
        {
            // A direction that is starved for a whole epoch of the other one's records loses what was under way, and counts it.
            Assert.InRange(sent - end.Count, 0, end.Drops);
            Assert.Equal(end.Count, tunnel.Totals.PacketsReceived);
        }
    }

    private static Task<int> Run(Func<int> body) => Task.Factory.StartNew(body, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static int Write(SecureTunnel tunnel, Wire wire)
    {
        var packet = new byte[200];
        packet[0] = 0x45;
        var sent = 0;
        while (tunnel.Renewals < Renewals && sent < PacketsMax)
        {
            BitConverter.TryWriteBytes(packet.AsSpan(4), sent);
            wire.WaitForRoom();
            Assert.Equal(DropReason.Unspecified, tunnel.SendPacket(packet));
            sent++;
        }

        return sent;
    }

    /// <summary>A channel in order. The writers of packets wait for room; control payloads never do, since a tunnel must not block.</summary>
    private sealed class Wire : IDisposable
    {
        private readonly BlockingCollection<byte[]> _datagrams = [];
        private readonly SemaphoreSlim _room = new(256);

        public void WaitForRoom() => Assert.True(_room.Wait(SafetyTimeout));

        public void Send(byte[] datagram) => _datagrams.Add(datagram);

        public void End() => _datagrams.Add([]);

        public int ReadInto(SecureTunnel tunnel)
        {
            for (var count = 0; ; count++)
            {
                var datagram = _datagrams.Take();
                if (datagram.Length == 0)
                {
                    return count;
                }

                tunnel.OnDatagram(datagram);
                _room.Release();
            }
        }

        public void Dispose()
        {
            _datagrams.Dispose();
            _room.Dispose();
        }
    }

    /// <summary>The clock of the system, moved to where the test's certificates are valid.</summary>
    private sealed class EpochTimeProvider : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => TestAuthority.Epoch;
    }

    private sealed class ThreadEnd(Wire wire) : ISecureTunnelHandler
    {
        private readonly BitArray _seen = new(PacketsMax);
        private int _drops;

        public TunnelAdmission Admission { get; init; } = TunnelAdmission.Continue;

        public ManualResetEventSlim IsUp { get; } = new();

        public int Count { get; private set; }

        public int Drops => Volatile.Read(ref _drops);

        public bool SendDatagram(SecureTunnel tunnel, ReadOnlySpan<byte> datagram)
        {
            wire.Send(datagram.ToArray());
            return true;
        }

        public void DeliverPacket(SecureTunnel tunnel, ReadOnlySpan<byte> packet)
        {
            var number = BitConverter.ToInt32(packet[4..]);
            Assert.False(_seen[number]);
            _seen[number] = true;
            Count++;
        }

        public TunnelAdmission OnSecured(SecureTunnel tunnel, TunnelSecurity security) => Admission;

        public void OnConfigured(SecureTunnel tunnel, TunnelConfiguration configuration) => IsUp.Set();

        public void OnClosed(SecureTunnel tunnel, Reason reason, string detail, bool isByPeer)
        {
        }

        public void OnDropped(SecureTunnel tunnel, DropReason reason) => Interlocked.Increment(ref _drops);
    }
}
