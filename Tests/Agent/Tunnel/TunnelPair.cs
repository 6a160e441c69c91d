using OrleansUem.Agent.Tunnel;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Tests.Kit;
using OrleansUem.Tests.Protocol.Tunnel;
using Xunit;

namespace OrleansUem.Tests.Agent.Tunnel;

/// <summary>A device's and a node's end over a link with seeded loss and delay, on virtual time, with real DTLS.</summary>
internal sealed class TunnelPair : IDisposable
{
    private readonly List<IDisposable> _owned = [];
    private readonly PriorityQueue<(SecureTunnel To, byte[] Datagram), (long, long)> _air = new();
    private readonly Random _random;
    private long _order;

    public TunnelPair(
        int seed = 1,
        double loss = 0,
        PeerCredentials? deviceCredentials = null,
        PeerCredentials? nodeCredentials = null,
        string expectedNode = "node-1",
        string expectedDevice = "laptop-1",
        Func<bool>? isDeviceRevoked = null,
        int deviceMtuBytes = TunnelLimits.MtuBytesDefault,
        TunnelKeyLimits? limits = null)
    {
        limits ??= TunnelKeyLimits.Default;
        _random = new Random(seed);
        Loss = loss;
        Time = new ManualTimeProvider(TestAuthority.Epoch);
        Authority = Own(new TestAuthority());
        DeviceTimer = Own(new TunnelTimer(Time));
        NodeTimer = Own(new TunnelTimer(Time));
        var deviceOwn = Own(deviceCredentials ?? Authority.Issue(PeerRole.Device, "laptop-1"));
        var nodeOwn = Own(nodeCredentials ?? Authority.Issue(PeerRole.Node, "node-1"));
        var deviceContexts = Own(TunnelContexts.Create(deviceOwn, deviceMtuBytes));
        var nodeContexts = Own(TunnelContexts.Create(nodeOwn));
        NodeEnd.Admission = TunnelAdmission.WithOffer(TunnelSamples.Small);
        Device = new SecureTunnel(deviceContexts, DeviceTimer, new TunnelPeer(expectedNode), DeviceEnd, limits);
        var device = new TunnelPeer(expectedDevice, _ => isDeviceRevoked?.Invoke() == true);
        Node = new SecureTunnel(nodeContexts, NodeTimer, device, NodeEnd, limits);
    }

    public ManualTimeProvider Time { get; }

    public TestAuthority Authority { get; }

    public TunnelTimer DeviceTimer { get; }

    public TunnelTimer NodeTimer { get; }

    public TunnelEnd DeviceEnd { get; } = new();

    public TunnelEnd NodeEnd { get; } = new();

    public SecureTunnel Device { get; }

    public SecureTunnel Node { get; }

    public double Loss { get; set; }

    /// <summary>Every datagram that was sent, lost or not.</summary>
    public Action<SecureTunnel, byte[]>? OnSent { get; set; }

    public void Start()
    {
        Node.Start();
        Device.Start();
    }

    public void Up()
    {
        Start();
        Assert.True(
            RunUntil(() => Device.State == TunnelState.Up && Node.State == TunnelState.Up),
            $"device {Device.State} {DeviceEnd.End}, node {Node.State} {NodeEnd.End}");
    }

    /// <summary>Lets 1 ms after 1 ms pass until the condition holds.</summary>
    /// <returns>False when it does not within the time.</returns>
    public bool RunUntil(Func<bool> condition, int milliseconds = 60_000)
    {
        for (var i = 0; i < milliseconds && !condition(); i++)
        {
            Step();
        }

        return condition();
    }

    public void Step()
    {
        Collect(DeviceEnd, Node);
        Collect(NodeEnd, Device);
        Time.Advance(TimeSpan.FromMilliseconds(1));
        while (_air.TryPeek(out var next, out var arrival) && arrival.Item1 <= DeviceTimer.NowMilliseconds)
        {
            _air.Dequeue();
            next.To.OnDatagram(next.Datagram);
        }
    }

    public void Dispose()
    {
        for (var i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }
    }

    private void Collect(TunnelEnd from, SecureTunnel to)
    {
        while (from.Outbox.TryDequeue(out var datagram))
        {
            OnSent?.Invoke(to, datagram);
            if (_random.NextDouble() >= Loss)
            {
                _air.Enqueue((to, datagram), (DeviceTimer.NowMilliseconds + _random.Next(5, 30), _order++));
            }
        }
    }

    private T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }
}
