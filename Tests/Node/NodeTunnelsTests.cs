using System.Buffers;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Agent.Tun;
using OrleansUem.Agent.Tunnel;
using OrleansUem.Agent.Uplink;
using OrleansUem.Node;
using OrleansUem.Node.Addressing;
using OrleansUem.Node.Enrolment;
using OrleansUem.Node.Forwarding;
using OrleansUem.Node.Tunnels;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Agent.Tunnel;
using OrleansUem.Tests.Kit;
using OrleansUem.Tests.Protocol.Packets;
using Xunit;

namespace OrleansUem.Tests.Node;

/// <summary>A node's tunnels with real DTLS devices, the relay in between played by the test.</summary>
public sealed class NodeTunnelsTests : IAsyncLifetime
{
    private readonly FakeUplinkSession _session = new();
    private readonly List<NodeStatus> _statuses = [];
    private readonly List<IDisposable> _owned = [];
    private NodeState _state = null!;
    private NodeTunnels _tunnels = null!;
    private NodeMetrics _metrics = null!;
    private MemoryTunDevice _kernel = null!;
    private TunnelTimer _deviceTimer = null!;

    public async Task InitializeAsync()
    {
        _state = Own(await NodeState.CreateAsync());
        _deviceTimer = Own(new TunnelTimer(_state.Time));
        Start(new NodeOptions { StateDirectory = _state.Path, Allow = ["10.1.0.0/16:tcp/443"], MaxTunnels = 2 });
    }

    public Task DisposeAsync()
    {
        for (var i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }

        return Task.CompletedTask;
    }

    [Fact]
    public void Open_EnrolledDevice_GetsItsAddressAndReachesTheNetwork()
    {
        var (device, end) = Connect(_state.Enrol("laptop-1"), "laptop-1", 1);
        Assert.True(Run(device, end, 1, () => device.State == TunnelState.Up), $"{end.End}");
        Assert.Equal("10.64.0.2", end.Configuration!.Address.ToString());
        Assert.Equal(FrameType.Opened, _session.Sent[0].Type);

        device.SendPacket(PacketBuilder.Tcp("10.64.0.2", "10.1.0.9", 443));
        Run(device, end, 1, () => false, 50);
        var packet = new byte[1_500];
        Assert.True(_kernel.TryRead(packet, out _));

        FromTun(PacketBuilder.Tcp("10.1.0.9", "10.64.0.2", 40_000));
        Assert.True(Run(device, end, 1, () => end.Packets.Count == 1, 1_000));

        device.SendPacket(PacketBuilder.Tcp("10.64.0.3", "10.1.0.9", 443));
        Run(device, end, 1, () => false, 50);
        Assert.Equal(1, _metrics.Dropped(DropReason.SourceAddress));
        Assert.Contains(_statuses, status => status is { Kind: NodeStatusKind.TunnelOpen, Device: "laptop-1", Address: "10.64.0.2" });

        device.Close(Reason.ClosedByDevice, "test");
        Assert.True(Run(device, end, 1, () => _metrics.Tunnels == 0));
        var closed = Assert.Single(_statuses, status => status.Kind == NodeStatusKind.TunnelClosed);
        Assert.Equal((Reason.ClosedByDevice, 80L, 40L), (closed.Reason, closed.BytesFromDevice, closed.BytesToDevice));
        Assert.Equal((uint)Reason.ClosedByDevice, Assert.IsType<CloseTunnel>(_session.Sent[^1].Body).Reason);
    }

    [Fact]
    public void Open_DeviceOfAnotherTenant_EndToEndFails()
    {
        using var other = new TestAuthority("Other");
        using var credentials = other.Issue(PeerRole.Device, "laptop-1");
        FailsEndToEnd(credentials, "laptop-1", "CertificateUntrusted");
    }

    [Fact]
    public void Open_RelayNamesAnotherDevice_EndToEndFails()
    {
        using var credentials = _state.Enrol("laptop-1");
        FailsEndToEnd(credentials, "laptop-2", "CertificateWrongName");
    }

    [Fact]
    public void Open_RevokedDevice_EndToEndFailsAndAFreshCertificateWorks()
    {
        using var credentials = _state.Enrol("laptop-1");
        NodeActivations.Revoke(_state.Path, new DeviceId("laptop-1"), _state.Time);
        FailsEndToEnd(credentials, "laptop-1", "CertificateRevoked");
        var (device, end) = Connect(_state.Enrol("laptop-1"), "laptop-1", 2);
        Assert.True(Run(device, end, 2, () => device.State == TunnelState.Up), $"{end.End}");
    }

    [Fact]
    public void Revoke_OpenTunnel_EndsWithCertificateRevoked()
    {
        var watch = new RevocationWatch(_tunnels, NullLogger.Instance, _statuses.Add);
        var (device, end) = Connect(_state.Enrol("laptop-1"), "laptop-1", 1);
        Assert.True(Run(device, end, 1, () => device.State == TunnelState.Up));
        watch.Check();
        NodeActivations.Revoke(_state.Path, new DeviceId("laptop-1"), _state.Time);
        watch.Check();
        Assert.Equal(0, _metrics.Tunnels);
        Assert.True(Run(device, end, 1, () => end.End is not null, 1_000));
        Assert.Equal((Reason.CertificateRevoked, true), (end.End!.Value.Reason, end.End.Value.IsByPeer));
        Assert.Equal((uint)Reason.CertificateRevoked, Assert.IsType<CloseTunnel>(_session.Sent[^1].Body).Reason);
    }

    [Fact]
    public void Open_MoreThanTheLimit_Refused()
    {
        foreach (var index in new[] { 1, 2, 3 })
        {
            _tunnels.Open(_session, Channel.Create(index, 0), new Open { DeviceId = $"laptop-{index}", TunnelId = 1 });
        }

        Assert.Equal((uint)Reason.TunnelLimit, Assert.IsType<Refused>(_session.Sent[^1].Body).Reason);
        Assert.Equal(2, _metrics.Tunnels);
    }

    [Fact]
    public void Open_NoName_Refused()
    {
        _tunnels.Open(_session, Channel.Create(1, 0), new Open { DeviceId = "../x", TunnelId = 1 });
        Assert.Equal((uint)Reason.NodeRefused, Assert.IsType<Refused>(Assert.Single(_session.Sent).Body).Reason);
    }

    [Fact]
    public void Open_SecondTunnelOfTheDevice_ReplacesTheFirst()
    {
        var credentials = _state.Enrol("laptop-1");
        var (first, firstEnd) = Connect(credentials, "laptop-1", 1);
        Assert.True(Run(first, firstEnd, 1, () => first.State == TunnelState.Up));
        var (second, secondEnd) = Connect(credentials, "laptop-1", 2);
        Assert.True(Run(second, secondEnd, 2, () => second.State == TunnelState.Up));
        Assert.Equal(1, _metrics.Tunnels);
        Assert.Equal(firstEnd.Configuration!.Address, secondEnd.Configuration!.Address);
        FromTun(PacketBuilder.Tcp("10.1.0.9", "10.64.0.2", 40_000));
        Assert.True(Run(second, secondEnd, 2, () => secondEnd.Packets.Count == 1, 1_000));
    }

    [Fact]
    public void Open_PoolUsedUp_DeviceLearnsNoAddress()
    {
        Start(new NodeOptions { StateDirectory = _state.Path, Pool = "10.64.0.0/30", Routes = ["10.1.0.0/16"] });
        var (first, firstEnd) = Connect(_state.Enrol("laptop-1"), "laptop-1", 1);
        Assert.True(Run(first, firstEnd, 1, () => first.State == TunnelState.Up));
        var (second, secondEnd) = Connect(_state.Enrol("laptop-2"), "laptop-2", 2);
        Assert.True(Run(second, secondEnd, 2, () => secondEnd.End is not null));
        Assert.Equal((Reason.NoAddress, true), (secondEnd.End!.Value.Reason, secondEnd.End.Value.IsByPeer));
    }

    [Fact]
    public void EndSession_EveryTunnelOfItEnds()
    {
        var (device, end) = Connect(_state.Enrol("laptop-1"), "laptop-1", 1);
        Assert.True(Run(device, end, 1, () => device.State == TunnelState.Up));
        var sent = _session.Sent.Count;
        _tunnels.EndSession(_session, Reason.NodeLost);
        Assert.Equal(0, _metrics.Tunnels);
        Assert.Equal(sent, _session.Sent.Count);
    }

    [Fact]
    public void Receive_StaleOrUnknownChannel_DroppedByName()
    {
        _tunnels.Open(_session, Channel.Create(1, 5), new Open { DeviceId = "laptop-1", TunnelId = 1 });
        _tunnels.Receive(_session, Channel.Create(1, 4), new ReadOnlySequence<byte>(new byte[10]));
        _tunnels.Receive(_session, Channel.Create(9, 0), new ReadOnlySequence<byte>(new byte[10]));
        _tunnels.Receive(_session, Channel.Create(Channel.MaxIndex, 0), new ReadOnlySequence<byte>(new byte[10]));
        Assert.Equal((1, 2), (_metrics.Dropped(DropReason.StaleChannel), _metrics.Dropped(DropReason.NoRoute)));
        _tunnels.Close(_session, Channel.Create(1, 4), new CloseTunnel());
        Assert.Equal(1, _metrics.Tunnels);
        _tunnels.Close(_session, Channel.Create(1, 5), new CloseTunnel { Reason = (uint)Reason.Idle });
        Assert.Equal(0, _metrics.Tunnels);
    }

    private void FromTun(byte[] packet)
    {
        var batch = new SendBatch(_ => { });
        Assert.Equal(DropReason.Unspecified, PacketSegmenter.TryCreate(default, packet, out var packets));
        _tunnels.Forwarder.FromTun(ref packets, batch);
        batch.Flush();
    }

    private void Start(NodeOptions options)
    {
        var settings = NodeOptionsValidator.Parse(options);
        var enrolment = OrleansUem.Agent.Identity.AgentState.Load(_state.Files);
        var (tun, kernel) = MemoryTunDevice.CreatePair(options.MtuBytes);
        _kernel = kernel;
        _metrics = Own(new NodeMetrics());
        var book = new AddressBook(_state.Files, settings.Pool);
        var forwarder = Own(new PacketForwarder(
            settings.Pool, book.NodeAddress, settings.Policy, false, tun, _metrics, () => _tunnels.Timer.NowMilliseconds));
        _tunnels = Own(new NodeTunnels(
            settings,
            Own(TunnelContexts.Create(Own(enrolment.Credentials))),
            book,
            new RevocationList(_state.Files),
            forwarder,
            _metrics,
            _state.Time,
            NullLogger.Instance,
            _statuses.Add,
            () => { }));
    }

    private (SecureTunnel Device, TunnelEnd End) Connect(PeerCredentials credentials, string offeredAs, int index)
    {
        var end = new TunnelEnd();
        var device = new SecureTunnel(Own(TunnelContexts.Create(credentials)), _deviceTimer, new TunnelPeer("node-1"), end);
        _tunnels.Open(_session, Channel.Create(index, 0), new Open { DeviceId = offeredAs, TunnelId = (ulong)index });
        device.Start();
        return (device, end);
    }

    // Carries datagrams both ways, a millisecond at a time.
    private bool Run(SecureTunnel device, TunnelEnd end, int index, Func<bool> condition, int milliseconds = 40_000)
    {
        for (var i = 0; i < milliseconds && !condition(); i++)
        {
            while (end.Outbox.TryDequeue(out var up))
            {
                // In two segments, as TLS records cut frames.
                _tunnels.Receive(_session, Channel.Create(index, 0), Split(up));
            }

            _tunnels.Forwarder.EndBatch();

            while (_session.Datagrams.TryDequeue(out var down))
            {
                if (down.Channel.Index == index)
                {
                    device.OnDatagram(down.Payload);
                }
            }

            _state.Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        return condition();
    }

    private static ReadOnlySequence<byte> Split(byte[] bytes)
    {
        var first = new Segment(bytes.AsMemory(0, bytes.Length / 2), 0, null);
        var last = new Segment(bytes.AsMemory(bytes.Length / 2), bytes.Length / 2, first);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private void FailsEndToEnd(PeerCredentials credentials, string offeredAs, string named)
    {
        var (device, end) = Connect(credentials, offeredAs, 1);
        Assert.True(Run(device, end, 1, () => end.End is not null && _metrics.Tunnels == 0));
        var closed = _statuses.Last(status => status.Kind == NodeStatusKind.TunnelClosed);
        Assert.Equal(Reason.EndToEndFailed, closed.Reason);
        Assert.Contains(named, closed.Text + end.End, StringComparison.Ordinal);
        Assert.Null(end.Configuration);
    }

    private T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long runningIndex, Segment? previous)
        {
            Memory = memory;
            RunningIndex = runningIndex;
            if (previous is not null)
            {
                previous.Next = this;
            }
        }
    }
}
