using System.Net;
using System.Net.Sockets;
using OrleansUem.Edge;
using OrleansUem.Edge.Sessions;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport;
using Xunit;

namespace OrleansUem.Tests.Edge;

/// <summary>Connections that have not attached: what they may hold, and who makes room for whom.</summary>
public sealed class EdgeAdmissionTests : IDisposable
{
    private readonly List<Socket> _sockets = [];

    public void Dispose() => _sockets.ForEach(socket => socket.Dispose());

    [Theory]
    [InlineData("474554202F20485454502F312E310D0A0D0A")]
    [InlineData("16030100")] // cut off by the peer's own end
    public async Task Connect_NoTls_IsClosedAndCounted(string hex)
    {
        await using var edge = await EdgeFixture.StartAsync();
        var socket = await ConnectAsync(edge, 1);

        await socket.SendAsync(Convert.FromHexString(hex));
        socket.Shutdown(SocketShutdown.Send);

        await UntilClosedAsync(socket).WithinAsync("the edge's end");
        await UntilAsync(edge, hex.Length > 10 ? Reason.HandshakeFailed : Reason.ConnectionLost, 1);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1603010200")]
    [InlineData("160301020001")]
    public async Task Connect_HelloNotWholeInTime_IsHandshakeTimeout(string hex)
    {
        await using var edge = await EdgeFixture.StartAsync();
        var socket = await ConnectAsync(edge, 1);
        await socket.SendAsync(Convert.FromHexString(hex));

        await edge.AdvanceUntilAsync(UntilClosedAsync(socket));

        await UntilAsync(edge, Reason.HandshakeTimeout, 1);
    }

    [Fact]
    public async Task Connect_AllPlacesHeldInSilence_TheLongestSilentMakesRoomForADevice()
    {
        const int places = 8;
        await using var edge = await EdgeFixture.StartAsync(With(places));
        var silent = new List<Socket>();
        for (var i = 1; i <= places; i++)
        {
            silent.Add(await ConnectAsync(edge, i));
            await UntilPendingAsync(edge, i);
        }

        var tooEarly = await ConnectAsync(edge, places + 1);
        await UntilClosedAsync(tooEarly).WithinAsync("the refusal of one too many");
        Assert.Equal((1, 0), (edge.Server.Metrics.Refusals(Reason.TooManyConnections), edge.Server.Metrics.Refusals(Reason.HandshakeDisplaced)));

        edge.Time.Advance(TimeSpan.FromSeconds(1));
        var device = await edge.AttachDeviceAsync().WithinAsync("a device beside the silent ones");

        await UntilClosedAsync(silent[0]).WithinAsync("the end of the longest silent");
        await UntilAsync(edge, Reason.HandshakeDisplaced, 1);
        Assert.NotEqual(0UL, device.Attached.SessionId);
    }

    [Fact]
    public async Task Attach_NotSent_MakesRoomWithItsReason()
    {
        // One place for each address: the second device of this address needs the first one's.
        await using var edge = await EdgeFixture.StartAsync(With(PendingConnections.AddressShare));
        var mute = await ScriptedPeer.DialAsync(edge, Alpn.Device, edge.Issue(PeerRole.Device, "phone-1"));
        edge.Time.Advance(TimeSpan.FromSeconds(1));

        await edge.AttachDeviceAsync("phone-2").WithinAsync("the device that attaches");
        var end = await mute.EndAsync();

        Assert.Equal((Reason.HandshakeDisplaced, true), (end.Reason, end.IsByPeer));
        Assert.InRange(end.PeerClose!.RetryAfterMs, 1_000U, 5_000U);
        await UntilAsync(edge, Reason.HandshakeDisplaced, 1);
    }

    [Fact]
    public async Task Attached_HoldsNoPendingPlace()
    {
        await using var edge = await EdgeFixture.StartAsync(With(PendingConnections.AddressShare));

        await edge.AttachDeviceAsync("phone-1");
        await edge.AttachDeviceAsync("phone-2").WithinAsync("the second device of one address");
        await edge.AttachDeviceAsync("phone-3").WithinAsync("the third device of one address");

        Assert.Equal(0, edge.Server.Metrics.Refusals(Reason.TooManyConnections));
    }

    [Fact]
    public async Task Open_MoreThanTheRate_IsRefusedUntilTheTimeThatTheRefusalNames()
    {
        await using var edge = await EdgeFixture.StartAsync(options => options with { Limits = options.Limits with { OpensPerMinute = 3 } });
        await edge.AttachEchoNodeAsync();
        var device = await edge.AttachDeviceAsync();
        await EdgeFixture.OpenAsync(device, requestId: 1);

        // One in 20 s; the time is rounded up, and shorter for who comes too early all the same.
        Assert.InRange(await RefusedAsync(device, requestId: 2), 20_000U, 20_002U);
        await edge.AdvanceLinkedAsync(TimeSpan.FromSeconds(10));
        var wait = await RefusedAsync(device, requestId: 3);
        Assert.InRange(wait, 10_000U, 10_002U);

        await edge.AdvanceLinkedAsync(TimeSpan.FromMilliseconds(wait));
        await EdgeFixture.OpenAsync(device, requestId: 4);
        Assert.Equal(2, edge.Server.Metrics.Refusals(Reason.Overloaded));

        static async Task<uint> RefusedAsync(ScriptedPeer device, uint requestId)
        {
            device.Connection.TrySend(FrameType.Open, Channel.Session, new Open { RequestId = requestId });
            var (_, refused) = await device.NextAsync(FrameType.Refused, Refused.Parser);
            Assert.Equal((requestId, (uint)Reason.Overloaded), (refused.RequestId, refused.Reason));
            return refused.RetryAfterMs;
        }
    }

    [Fact]
    public void AddressRateLimit_BurstUsedUp_ComesBackWithTime()
    {
        var time = new ManualTimeProvider(TestAuthority.Epoch);
        var limit = new AddressRateLimit(perSecond: 2, time);
        var address = IPAddress.Parse("192.0.2.1");

        Assert.Equal(8, Enumerable.Range(0, 20).Count(_ => limit.TryTake(address)));
        Assert.Contains(Enumerable.Range(2, 50), last => limit.TryTake(new IPAddress([192, 0, 2, (byte)last])));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, Enumerable.Range(0, 20).Count(_ => limit.TryTake(address)));
    }

    private static Func<EdgeOptions, EdgeOptions> With(int maxPending) => options => options with { Limits = options.Limits with { MaxPending = maxPending } };

    // Counters have no events: they are looked at until they say so.
    private static async Task UntilAsync(EdgeFixture edge, Reason reason, long count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (edge.Server.Metrics.Refusals(reason) < count && !limit.IsCancellationRequested)
        {
            await Task.Yield();
        }

        Assert.Equal((reason, count), (reason, edge.Server.Metrics.Refusals(reason)));
    }

    private static async Task UntilPendingAsync(EdgeFixture edge, int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (edge.Server.Metrics.Listeners.Sum(listener => listener.PendingCount) < count && !limit.IsCancellationRequested)
        {
            await Task.Yield();
        }

        Assert.Equal(count, edge.Server.Metrics.Listeners.Sum(listener => listener.PendingCount));
    }

    private static async Task UntilClosedAsync(Socket socket)
    {
        try
        {
            while (await socket.ReceiveAsync(new byte[16]) > 0)
            {
                // An alert perhaps.
            }
        }
        catch (SocketException)
        {
            // Reset: closed with bytes unread.
        }
    }

    private async Task<Socket> ConnectAsync(EdgeFixture edge, int address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(socket);
        socket.Bind(new IPEndPoint(new IPAddress([127, 0, 1, (byte)address]), 0));
        await socket.ConnectAsync(edge.Ready.DeviceEndPoints[0]);
        return socket;
    }
}
