using System.Net;
using System.Net.Sockets;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Paths;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport.Datagrams;
using Xunit;

namespace OrleansUem.Tests.Transport.Datagrams;

public sealed class UdpBatchSocketTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly UdpSocketOptions Options = new();

    private readonly byte[] _buffer = GC.AllocateArray<byte>(UdpBatchSocket.ReceiveBytes, pinned: true);
    private readonly DatagramWaiter _waiter = new();

    public void Dispose() => _waiter.Dispose();

    [Theory]
    [InlineData("127.0.0.1", 1_444, 45, 45 * 1_444)]
    [InlineData("127.0.0.1", 1_444, 3, (2 * 1_444) + 1)]
    [InlineData("127.0.0.1", 200, 60, 60 * 200)]
    [InlineData("127.0.0.1", 48, 1, 48)]
    [InlineData("::1", 1_444, 45, 45 * 1_444)]
    public void Send_ARun_ArrivesAsDatagramsOfTheirSizes(string address, int segmentBytes, int count, int bytes)
    {
        using var server = UdpBatchSocket.Bind(new IPEndPoint(IPAddress.Parse(address), 0), Options);
        using var client = UdpBatchSocket.Connect(server.LocalEndPoint, Options);
        var run = Pattern(bytes);

        Assert.Equal(new DatagramSendResult(count, 0, DropReason.Unspecified), client.Send(run, segmentBytes));

        Assert.True(client.IsSegmenting);
        Assert.Equal(Cut(run, segmentBytes), Receive(server, count, out var last));
        Assert.Equal(PathAddress.Of(client.LocalEndPoint), last.From);
    }

    // An edge's answer must come from the address that the peer sends to, however many the machine has.
    [Theory]
    [InlineData("0.0.0.0", "127.0.0.1")]
    [InlineData("0.0.0.0", "127.0.0.2")]
    [InlineData("::", "127.0.0.3")]
    [InlineData("::", "::1")]
    public void Send_FromTheAddressThatWasSentTo_ReachesAConnectedPeer(string listens, string dialled)
    {
        using var server = UdpBatchSocket.Bind(new IPEndPoint(IPAddress.Parse(listens), 0), Options);
        Assert.True(server.TellsOwnAddress);
        using var client = UdpBatchSocket.Connect(new IPEndPoint(IPAddress.Parse(dialled), server.LocalEndPoint.Port), Options);
        client.Send(Pattern(700), 700);
        Receive(server, 1, out var asked);
        Assert.Equal(IPAddress.Parse(dialled), asked.To.ToEndPoint().Address);

        var result = server.Send(Pattern(900), [new BufferSlice(0, 500), new BufferSlice(500, 400)], 300, asked.From, asked.To);

        Assert.Equal(new DatagramSendResult(3, 0, DropReason.Unspecified), result);
        Assert.Equal(Cut(Pattern(900), 300), Receive(client, 3, out _));
    }

    [Fact]
    public void Send_SlicesOfABuffer_LeaveInTheirOrder()
    {
        using var server = UdpBatchSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), Options);
        using var client = UdpBatchSocket.Connect(server.LocalEndPoint, Options);
        var buffer = Pattern(1_000);
        client.Send(buffer, [new BufferSlice(800, 100), new BufferSlice(0, 200), new BufferSlice(500, 50)], 100, to: null, from: null);
        byte[] expected = [.. buffer.AsSpan(800, 100), .. buffer.AsSpan(0, 200), .. buffer.AsSpan(500, 50)];
        Assert.Equal(Cut(expected, 100), Receive(server, 4, out _));
    }

    // SO_NO_CHECK makes the kernel refuse segmentation, as an old kernel or interface does.
    [Fact]
    public void Send_SegmentationRefused_GoesOnOneByOneAndSaysSoOnce()
    {
        const int NoCheck = 11;
        var said = new List<string>();
        using var server = UdpBatchSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), Options);
        using var client = UdpBatchSocket.Connect(server.LocalEndPoint, Options with { OnSegmentationRefused = said.Add });
        using (var socket = new Socket(new SafeSocketHandle(client.Handle.DangerousGetHandle(), ownsHandle: false)))
        {
            socket.SetRawSocketOption(1, NoCheck, BitConverter.GetBytes(1));
        }

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(new DatagramSendResult(4, 0, DropReason.Unspecified), client.Send(Pattern(350), 100));
            Assert.Equal(Cut(Pattern(350), 100), Receive(server, 4, out _));
        }

        Assert.False(client.IsSegmenting);
        Assert.Equal(["EINVAL (Invalid argument)"], said);
    }

    [Fact]
    public void WaitForRoom_WithRoom_ReturnsAtOnce_AndNotOnADisposedSocket()
    {
        using var server = UdpBatchSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), Options);
        var client = UdpBatchSocket.Connect(server.LocalEndPoint, Options);
        Assert.True(client.WaitForRoom(TimeSpan.FromMinutes(1)));
        client.Dispose();
        Assert.False(client.WaitForRoom(TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public void TryReceive_NobodyListens_SaysRefusedOnceAndTheNextSendTells()
    {
        var free = UdpBatchSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), Options);
        var remote = free.LocalEndPoint;
        free.Dispose();
        using var client = UdpBatchSocket.Connect(remote, Options);
        client.Send(Pattern(10), 10);
        Assert.NotEqual(0UL, _waiter.Wait([client], Limit));
        Assert.Equal(ReceiveOutcome.Refused, client.TryReceive(_buffer, out _));
        Assert.Equal(ReceiveOutcome.Empty, client.TryReceive(_buffer, out _));

        client.Send(Pattern(10), 10);
        Assert.NotEqual(0UL, _waiter.Wait([client], Limit));
        Assert.Equal(new DatagramSendResult(0, 2, DropReason.SendRefused), client.Send(Pattern(20), 10));
    }

    [Fact]
    public void TryReceive_MoreThanTheKernelHolds_TellsHowManyWereLost()
    {
        using var server = UdpBatchSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), Options with { ReceiveBufferBytes = 64 * 1024 });
        using var client = UdpBatchSocket.Connect(server.LocalEndPoint, Options);
        const int sent = 2_000;
        for (var i = 0; i < sent; i++)
        {
            client.Send(Pattern(1_000), 1_000);
        }

        var received = 0;
        var lost = 0u;
        while (server.TryReceive(_buffer, out var datagrams) == ReceiveOutcome.Received)
        {
            received += datagrams.Count;
        }

        client.Send(Pattern(1), 1);
        received += Receive(server, 1, out var last).Count;
        lost = last.DropsSoFar;
        Assert.Equal(sent + 1, received + (int)lost);
        Assert.True(lost > 0);
    }

    [Fact]
    public void Dispose_WhileInUse_IsClosedAndNothingThrows()
    {
        using var server = UdpBatchSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), Options);
        var client = UdpBatchSocket.Connect(server.LocalEndPoint, Options);
        client.Dispose();
        Assert.Equal(ReceiveOutcome.Closed, client.TryReceive(_buffer, out _));
        Assert.Equal(new DatagramSendResult(0, 1, DropReason.PeerGone), client.Send(Pattern(10), 10));
        Assert.NotEqual(0UL, _waiter.Wait([client], Limit));
    }

    [Fact]
    public void Bind_Shared_SpreadsSendersOverTheSockets()
    {
        using var first = UdpBatchSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), Options with { IsShared = true });
        using var second = UdpBatchSocket.Bind(first.LocalEndPoint, Options with { IsShared = true });
        const int senders = 64;
        for (var i = 0; i < senders; i++)
        {
            using var client = UdpBatchSocket.Connect(first.LocalEndPoint, Options);
            client.Send(Pattern(10), 10);
        }

        var counts = new[] { first, second }.Select(socket =>
        {
            var count = 0;
            while (socket.TryReceive(_buffer, out _) == ReceiveOutcome.Received)
            {
                count++;
            }

            return count;
        }).ToArray();
        Assert.Equal(senders, counts.Sum());
        Assert.All(counts, count => Assert.InRange(count, 10, 54));
    }

    [Fact]
    public void Wait_IsEndedByWakeAndTellsWhichSocketsAreReady()
    {
        using var first = UdpBatchSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), Options);
        using var second = UdpBatchSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), Options);
        using var client = UdpBatchSocket.Connect(second.LocalEndPoint, Options);
        Assert.Equal(0UL, _waiter.Wait([first, second], TimeSpan.Zero));
        _waiter.Wake();
        Assert.Equal(0UL, _waiter.Wait([first, second], Timeout.InfiniteTimeSpan));
        client.Send(Pattern(10), 10);
        Assert.Equal(2UL, _waiter.Wait([first, second], Limit));
    }

    [Fact]
    public void SendAndReceive_SteadyState_AllocateNothing()
    {
        using var server = UdpBatchSocket.Bind(new IPEndPoint(IPAddress.Any, 0), Options);
        using var client = UdpBatchSocket.Connect(new IPEndPoint(IPAddress.Loopback, server.LocalEndPoint.Port), Options);
        var run = Pattern(45 * 1_444);
        var before = 0L;
        for (var i = 0; i < 200; i++)
        {
            before = i == 100 ? GC.GetAllocatedBytesForCurrentThread() : before;
            client.Send(run, 1_444);
            for (var left = 45; left > 0;)
            {
                left -= server.TryReceive(_buffer, out var datagrams) == ReceiveOutcome.Received ? datagrams.Count : left;
                server.Send(run, [new BufferSlice(0, 100)], 100, datagrams.From, datagrams.To);
            }

            while (client.TryReceive(_buffer, out _) == ReceiveOutcome.Received)
            {
            }
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [RequiresFact(Requirement.Nftables, "ip", "nft")]
    public async Task Send_BlockedByTheLocalFirewallOrLongerThanTheLink_IsDroppedByName()
    {
        await using var home = await NetNamespace.CreateAsync("udp-a");
        await using var away = await NetNamespace.CreateAsync("udp-b");
        await NetNamespace.ConnectAsync(home, "v0", "192.0.2.1/24", away, "v1", "192.0.2.2/24");
        await home.RunAsync("ip", "link", "set", "v0", "mtu", "1400");
        using var client = home.Run(() => UdpBatchSocket.Connect(IPEndPoint.Parse("192.0.2.2:443"), Options));
        Assert.Equal(new DatagramSendResult(0, 1, DropReason.Oversize), client.Send(Pattern(1_444), 1_444));
        Assert.Equal(new DatagramSendResult(0, 3, DropReason.Oversize), client.Send(Pattern(3 * 1_444), 1_444));
        Assert.True(client.IsSegmenting);

        await home.RunAsync("nft", "add table inet t; add chain inet t c { type filter hook output priority 0; }; add rule inet t c udp dport 443 drop");
        Assert.Equal(new DatagramSendResult(0, 3, DropReason.SendRefused), client.Send(Pattern(3_000), 1_000));
    }

    [RequiresFact(Requirement.NetNamespaces, "ip", "tc")]
    public async Task Send_FasterThanTheLink_DropsAsQueueFull()
    {
        await using var home = await NetNamespace.CreateAsync("udp-c");
        await using var away = await NetNamespace.CreateAsync("udp-d");
        await NetNamespace.ConnectAsync(home, "v0", "192.0.2.1/24", away, "v1", "192.0.2.2/24");
        await home.RunAsync("tc", "qdisc", "add", "dev", "v0", "root", "tbf", "rate", "1mbit", "burst", "10kb", "limit", "10mb");
        using var sink = away.Run(() => UdpBatchSocket.Bind(IPEndPoint.Parse("192.0.2.2:443"), Options));
        using var client = home.Run(() => UdpBatchSocket.Connect(sink.LocalEndPoint, Options with { SendBufferBytes = 128 * 1024 }));
        var results = Enumerable.Range(0, 200).Select(_ => client.Send(Pattern(1_000), 1_000)).ToArray();
        Assert.Contains(results, result => result.Sent == 1);
        Assert.Contains(results, result => result == new DatagramSendResult(0, 1, DropReason.QueueFull));
        Assert.All(results, result => Assert.True(result.Reason is DropReason.Unspecified or DropReason.QueueFull));

        // Room comes with the link's time.
        while (client.Send(Pattern(1_000), 1_000).Sent == 1)
        {
        }

        Assert.False(client.WaitForRoom(TimeSpan.Zero));
        Assert.True(client.WaitForRoom(TimeSpan.FromMinutes(1)));
        Assert.Equal(1, client.Send(Pattern(1_000), 1_000).Sent);
    }

    private static byte[] Pattern(int bytes)
    {
        var pattern = new byte[bytes];
        new Random(bytes).NextBytes(pattern);
        return pattern;
    }

    private static List<string> Cut(byte[] run, int segmentBytes) => [.. run.Chunk(segmentBytes).Select(Convert.ToHexString)];

    private List<string> Receive(UdpBatchSocket socket, int count, out ReceivedDatagrams last)
    {
        var datagrams = new List<string>();
        last = default;
        while (datagrams.Count < count)
        {
            Assert.True(_waiter.Wait([socket], Limit) != 0, $"{datagrams.Count} of {count} datagrams came");
            while (socket.TryReceive(_buffer, out var received) == ReceiveOutcome.Received)
            {
                last = received;
                datagrams.AddRange(Cut(_buffer[..received.Bytes], received.SegmentBytes));
            }
        }

        return datagrams;
    }
}
