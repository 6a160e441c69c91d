using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using OrleansUem.LoadTest.Net;
using OrleansUem.Protocol.Packets;
using OrleansUem.Tests.Kit;
using Xunit;
using Xunit.Abstractions;

namespace OrleansUem.Tests.LoadTest.Net;

[Trait("Category", "Machine")]
public sealed class LinkEmulatorTests(ITestOutputHelper output)
{
    private const int Seed = 2026;

    [RequiresFact(Requirement.Tun | Requirement.NetNamespaces, "ping")]
    public async Task Delay_Ping_TakesAtLeastTwiceTheDelay()
    {
        await using NetNamespace left = await NetNamespace.CreateAsync("left");
        await using NetNamespace right = await NetNamespace.CreateAsync("right");
        using LinkEmulator link = Start(left, right, new LinkConditions { Delay = TimeSpan.FromMilliseconds(25) });
        string text = await left.RunAsync("ping", "-c", "10", "-i", "0.02", "-W", "10", "10.99.0.2");
        output.WriteLine(text);
        Match round = Regex.Match(text, @"rtt min/avg/max/mdev = ([0-9.]+)/");
        Assert.True(double.Parse(round.Groups[1].Value, CultureInfo.InvariantCulture) >= 50, text);
        Assert.Contains("10 received", text, StringComparison.Ordinal);
    }

    [RequiresFact(Requirement.Tun | Requirement.NetNamespaces)]
    public async Task Loss_UdpPackets_LiesWithinTheBinomialBound()
    {
        const int Packets = 5000;
        const double Probability = 0.1;
        await using NetNamespace left = await NetNamespace.CreateAsync("left");
        await using NetNamespace right = await NetNamespace.CreateAsync("right");
        using LinkEmulator link = Start(left, right, new LinkConditions { LossProbability = Probability });
        using Socket receiver = right.Run(() => NewSocket("10.99.0.2"));
        using Socket markReceiver = right.Run(() => NewSocket("10.99.0.2"));
        using Socket sender = left.Run(() => NewSocket("10.99.0.1"));
        byte[] payload = new byte[200];
        for (int i = 0; i < Packets; i++)
        {
            sender.SendTo(payload, receiver.LocalEndPoint!);
        }

        // The link keeps the order, so the first of these marks to arrive tells that all packets have been judged. That all
        // twenty are lost has a probability of 1e-20. Their socket is their own: the other one's buffer may be full.
        for (int i = 0; i < 20; i++)
        {
            sender.SendTo([1], markReceiver.LocalEndPoint!);
        }

        Assert.Equal(1, markReceiver.Receive(new byte[1]));
        link.Dispose();
        LinkCounters counters = link.LeftToRightCounters;
        output.WriteLine(counters.ToString());
        Assert.InRange(counters.Entered, Packets, Packets + 20);
        double bound = 5 * Math.Sqrt(counters.Entered * Probability * (1 - Probability));
        Assert.True(
            Math.Abs(counters.Lost - (counters.Entered * Probability)) <= bound, $"seed {Seed}: {counters}");
        Assert.Equal(0, counters.QueueFull + counters.InFlightFull + counters.Refused);
        Assert.Equal(counters.Entered, counters.Delivered + counters.Lost);
    }

    [RequiresFact(Requirement.Tun | Requirement.NetNamespaces, "ping")]
    public async Task Conditions_ChangedWhileRunning_ApplyToTheNextPacket()
    {
        await using NetNamespace left = await NetNamespace.CreateAsync("left");
        await using NetNamespace right = await NetNamespace.CreateAsync("right");
        using LinkEmulator link = Start(left, right, LinkConditions.Perfect);
        string[] ping = ["-c", "1", "-W", "10", "10.99.0.2"];
        await left.RunAsync("ping", ping);
        link.RightToLeft = new LinkConditions { LossProbability = 1 };
        Assert.Equal(1, (await left.TryRunAsync("ping", "-c", "1", "-W", "0.2", "10.99.0.2")).ExitCode);
        Assert.Equal(1, link.RightToLeftCounters.Lost);
        link.SetConditions(LinkConditions.Perfect);
        await left.RunAsync("ping", ping);
    }

    [RequiresFact(Requirement.Tun | Requirement.NetNamespaces)]
    public async Task Rate_Burst_FillsTheQueueAndDropsTheRest()
    {
        await using NetNamespace left = await NetNamespace.CreateAsync("left");
        await using NetNamespace right = await NetNamespace.CreateAsync("right");
        using LinkEmulator link = Start(
            left, right, new LinkConditions { BitsPerSecond = 1_000_000, QueueBytesMax = 14_000 });
        using Socket receiver = right.Run(() => NewSocket("10.99.0.2"));
        using Socket sender = left.Run(() => NewSocket("10.99.0.1"));
        byte[] payload = new byte[1372];
        for (int i = 0; i < 100; i++)
        {
            sender.SendTo(payload, receiver.LocalEndPoint!);
        }

        // Ten packets of 1400 bytes wait and one is on the wire: those arrive.
        for (int i = 0; i < 11; i++)
        {
            Assert.Equal(1372, receiver.Receive(new byte[1500]));
        }

        LinkCounters counters = link.LeftToRightCounters;
        output.WriteLine(counters.ToString());
        Assert.True(counters.QueueFull > 0, counters.ToString());
        Assert.Equal(0, counters.Lost);
    }

    [RequiresFact(Requirement.Tun | Requirement.NetNamespaces, "iperf3")]
    public async Task Delay_TcpTransfer_FitsInFlight()
    {
        await using NetNamespace left = await NetNamespace.CreateAsync("left");
        await using NetNamespace right = await NetNamespace.CreateAsync("right");
        using LinkEmulator link = Start(left, right, new LinkConditions { Delay = TimeSpan.FromMilliseconds(25) });
        await using ProcessUnderTest server = right.Start("iperf3", "--server", "--one-off", "--forceflush");
        await server.WaitForLineAsync("iperf3 server listens", line => line.Contains("Server listening", StringComparison.Ordinal));
        CommandResult transfer = await ProcessUnderTest.RunAsync(
            left, "a TCP transfer of 32 MB at 25 ms", TimeSpan.FromMinutes(2), "iperf3", "--client", "10.99.0.2", "--bytes", "32M");
        output.WriteLine(transfer.EnsureSuccess().Output);
        output.WriteLine(link.LeftToRightCounters.ToString());
        Assert.InRange(link.LeftToRightCounters.DeliveredBytes, 32_000_000, long.MaxValue);
        Assert.Equal(0, link.LeftToRightCounters.InFlightFull);
    }

    private static LinkEmulator Start(NetNamespace left, NetNamespace right, LinkConditions conditions)
    {
        // The kernel's own IPv6 chatter would count as packets of the link.
        left.WriteSetting("ipv6/conf/all/disable_ipv6", "1");
        right.WriteSetting("ipv6/conf/all/disable_ipv6", "1");
        left.WriteSetting("ipv6/conf/default/disable_ipv6", "1");
        right.WriteSetting("ipv6/conf/default/disable_ipv6", "1");
        return LinkEmulator.Start(
            new LinkEnd(left.FilePath, "wan", Ipv4Address.Parse("10.99.0.1"), 24),
            new LinkEnd(right.FilePath, "wan", Ipv4Address.Parse("10.99.0.2"), 24),
            conditions,
            Seed);
    }

    private static Socket NewSocket(string address)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 20_000 };
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        return socket;
    }
}
