using System.Net;
using OrleansUem.Agent.Uplink;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Paths;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport;
using OrleansUem.Transport.Datagrams;
using Xunit;

namespace OrleansUem.Tests.Agent.Uplink;

/// <summary>The path of a session over real UDP; its clock is virtual.</summary>
public sealed class UplinkPathTests : IAsyncDisposable
{
    private const int DatagramBytes = 1_444;
    private static readonly Channel Tunnel = Channel.Create(3, 1);
    private static readonly IPEndPoint Loopback = new(IPAddress.Loopback, 1);

    private readonly ManualTimeProvider _time = new();
    private readonly RecordingPathOwner _owner = new();
    private readonly PathEdge _edge = new();
    private readonly FrameBatch _batch = new();
    private UplinkPath? _path;

    public async ValueTask DisposeAsync()
    {
        if (_path is { } path)
        {
            await path.DisposeAsync();
        }

        _edge.Dispose();
    }

    [Fact]
    public async Task Start_EdgeAnswers_DataGoesOverUdpBothWays()
    {
        var path = await UpAsync();
        Send(path, 1_436, 1_436, 20);
        Assert.Equal([1_436, 1_436, 20], Enumerable.Range(0, 3).Select(_ => _edge.NextFrame().Payload.Length));
        Assert.Equal(0, path.Send(Tunnel, new byte[50]));
        Assert.Equal(Tunnel, _edge.NextFrame().Channel);

        _edge.SendFrames(Tunnel, new byte[1_000], new byte[1_000], new byte[7]);

        var lengths = new List<int>();
        for (var i = 0; i < 3; i++)
        {
            var (channel, payload) = await _owner.NextFrameAsync();
            Assert.Equal(Tunnel, channel);
            lengths.Add(payload.Length);
        }

        Assert.Equal([1_000, 1_000, 7], lengths);
        Assert.Equal(3, await _owner.NextBatchAsync());
        Assert.Equal((4L, 4L), (path.FramesSent, path.FramesReceived));
        Assert.Empty(_owner.OverTcp);
    }

    [Fact]
    public async Task Send_FrameLongerThanTheProbes_TakesTcp()
    {
        var path = await UpAsync();
        Send(path, 1_437, 1_436);
        Assert.Equal([1_437, 1_436], _owner.OverTcp.Select(frame => frame.Bytes));
        Assert.Equal(0, path.Send(Tunnel, new byte[2_000]));
        Assert.Equal(3, _owner.OverTcp.Count);
        Assert.True(_edge.IsSilent);
    }

    [Fact]
    public async Task Path_DiesUnderTraffic_GoesToTcpTellsTheEdgeAndComesBackFromAnotherPort()
    {
        var path = await UpAsync();
        var from = _edge.From;
        var elapsed = TimeSpan.Zero;
        for (; path.IsUp && elapsed < TimeSpan.FromSeconds(10); elapsed += PathLimits.LookInterval)
        {
            Send(path, 100);
            _time.Advance(PathLimits.LookInterval);
        }

        Assert.InRange(elapsed, TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(2.5));
        var report = await _owner.NextReportAsync();
        Assert.Equal((PathChange.Down, PathLimits.RetryMin), (report.Change, report.RetryIn));
        Assert.Equal($"Data goes on TCP: UDP to 127.0.0.1:{_edge.Offer.Port} brings no answer to datagrams of 1444 bytes; next try in 5.0 s", report.ToString());
        Assert.Equal([5UL], _owner.Left);
        Send(path, 100);
        Assert.Single(_owner.OverTcp);

        _edge.Validator.OnLeft(5);
        Drain();
        _time.Advance(PathLimits.RetryMin);
        Assert.Equal(6UL, _edge.AnswerProbe().Counter);
        Assert.Equal(PathChange.Up, (await _owner.NextReportAsync()).Change);
        Assert.NotEqual(from.Port, _edge.From.Port);
        _edge.AnswerProbe();
        Send(path, 100);
        Assert.Equal(100, _edge.NextFrame().Payload.Length);
    }

    [Fact]
    public async Task Start_NoAnswer_StaysOnTcpAndTriesAgainWhenTheNetworkChanges()
    {
        var path = Start();
        for (var i = 0; i < PathLimits.ProbesMax; i++)
        {
            Assert.Equal((DatagramBytes, (ulong)i + 1), (_edge.SwallowProbe() is var probe ? probe.Bytes : 0, probe.Counter));
            _time.Advance(PathLimits.ProbeTimeout);
        }

        Assert.Equal(PathChange.Unreachable, (await _owner.NextReportAsync()).Change);
        Assert.Empty(_owner.Left);
        path.OnNetworkChanged();
        _edge.AnswerProbe();
        Assert.True((await _owner.NextReportAsync()).IsUdp);
    }

    [Fact]
    public async Task Start_NobodyListens_IsKnownAtOnce()
    {
        var offer = _edge.Offer.Clone();
        using (var free = UdpBatchSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), new UdpSocketOptions()))
        {
            offer.Port = (uint)free.LocalEndPoint.Port;
        }

        Start(offer);
        var report = await _owner.NextReportAsync();
        Assert.Equal(PathChange.Unreachable, report.Change);
        Assert.Contains("nobody listens", report.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Acks_ForgedOrOfAnotherPath_ChangeNothing()
    {
        var path = Start();
        var probe = _edge.SwallowProbe();
        var ack = new byte[DatagramBytes];
        var good = probe with { Type = PathDatagramType.Ack, Token = 9 };
        (good with { PathId = 1 }).Write(ack, _edge.Keys.Ack);
        _edge.Send(ack);
        good.Write(ack, _edge.Keys.Probe);
        _edge.Send(ack);
        probe.Write(ack, _edge.Keys.Probe);
        _edge.Send(ack);
        _edge.Send([1, 2, 3]);
        _edge.SendFrames(Tunnel, new byte[5]);
        Assert.Equal(5, (await _owner.NextFrameAsync()).Payload.Length);

        Assert.False(path.IsUp);
        Assert.Equal((1, 1, 2), (path.Drops[DropReason.UnknownPath], path.Drops[DropReason.ForgedProbe], path.Drops[DropReason.MalformedDatagram]));
        good.Write(ack, _edge.Keys.Ack);
        _edge.Send(ack);
        Assert.True((await _owner.NextReportAsync()).IsUdp);
    }

    [Fact]
    public async Task Path_AtRest_KeepsTheBindingAliveAndArmsItselfWhenDataIsSent()
    {
        var path = await UpAsync();
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_edge.IsSilent);
        _time.Advance(PathLimits.KeepAlive - TimeSpan.FromSeconds(1));
        Assert.Equal(3UL, _edge.AnswerProbe().Counter);
        await HeardAsync(path);
        _time.Advance(TimeSpan.FromSeconds(2));

        // Data that nothing answers, after a rest: the next probe is due in half a second, not in 13.
        Send(path, 10);
        _edge.NextFrame();
        _time.Advance(PathLimits.LookInterval);
        Assert.True(_edge.IsSilent);
        _time.Advance(PathLimits.LookInterval);
        Assert.Equal(4UL, _edge.AnswerProbe().Counter);
    }

    [Fact]
    public async Task Send_SteadyState_AllocatesNothing()
    {
        var path = await UpAsync();
        var payload = new byte[1_436];
        var before = 0L;
        for (var i = 0; i < 200; i++)
        {
            before = i == 100 ? GC.GetAllocatedBytesForCurrentThread() : before;
            while (_batch.TryAdd(Tunnel, payload))
            {
            }

            path.Send(_batch.Frames, mayWait: false);
            _batch.Clear();
            path.Send(Tunnel, payload);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public async Task Handler_Faults_EndsTheSessionAndNotTheProcess()
    {
        await UpAsync();
        _owner.ToThrow = new InvalidOperationException("a fault of ours");
        _edge.SendFrames(Tunnel, new byte[5]);
        Assert.Same(_owner.ToThrow, await _owner.Fault.Task.WithinAsync("the fault"));
    }

    private UplinkPath Start(UdpPath? offer = null)
    {
        _path = new UplinkPath(_owner, offer ?? _edge.Offer, Loopback, DatagramBytes, () => 0, _time);
        _path.Start();
        return _path;
    }

    private async Task<UplinkPath> UpAsync()
    {
        var path = Start();
        _edge.AnswerProbe();
        var report = await _owner.NextReportAsync();
        Assert.True(report.IsUdp);
        Assert.StartsWith($"Data goes over UDP to 127.0.0.1:{_edge.Offer.Port}, round trip ", report.ToString(), StringComparison.Ordinal);
        _edge.AnswerProbe();
        Assert.NotNull(_edge.Validator.Proven);
        await HeardAsync(path);
        return path;
    }

    // The ack was taken once a frame behind it was.
    private async Task HeardAsync(UplinkPath path)
    {
        var before = path.FramesReceived;
        _edge.SendFrames(Tunnel, new byte[1]);
        await _owner.NextFrameAsync();
        await _owner.NextBatchAsync();
        Assert.InRange(path.FramesReceived, before, before + 1);
    }

    private void Send(UplinkPath path, params int[] payloads)
    {
        foreach (var bytes in payloads)
        {
            Assert.True(_batch.TryAdd(Tunnel, new byte[bytes]));
        }

        Assert.Equal(0, path.Send(_batch.Frames, mayWait: false));
        _batch.Clear();
    }

    private void Drain()
    {
        while (!_edge.IsSilent)
        {
        }
    }
}
