using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using OrleansUem.Agent.Links;
using OrleansUem.Agent.Tun;
using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using OrleansUem.Tests.Protocol.Packets;
using Xunit;

namespace OrleansUem.Tests.Agent.Tun;

/// <summary>
/// Segmenter and coalescer against the kernel's own: a namespace that forwards from a TUN with offloads to one without cuts every super-packet in software.
/// </summary>
[Trait("Category", "Machine")]
public sealed class TunOffloadTests
{
    private static readonly TimeSpan SafetyTimeout = TimeSpan.FromSeconds(30);

    [RequiresFact(Requirement.Tun | Requirement.NetNamespaces)]
    public async Task SuperPackets_CutByTheKernel_AreAsOurs()
    {
        await using NetNamespace router = await NetNamespace.CreateAsync("router");
        using LinuxTunDevice from = Open(router, "uemt0", "10.1.0.1", TunOffloads.All);
        using LinuxTunDevice to = Open(router, "uemt1", "10.2.0.1", TunOffloads.None);
        router.WriteSetting("ipv4/ip_forward", "1");
        for (int seed = 0; seed < 400; seed++)
        {
            Random random = new(seed);
            int segmentBytes = random.Next(50, 1400);
            int payloadBytes = random.Next(segmentBytes + 1, Math.Min(65000, segmentBytes * 50));
            (VirtioNetHeader offload, byte[] packet) = random.Next(2) == 0
                ? SuperPacketBuilder.Udp(random, payloadBytes, segmentBytes)
                : SuperPacketBuilder.Tcp(random, payloadBytes, segmentBytes, (byte)(random.Next(256) & ~6), random.Next(11) * 4, random.Next(2) * 4);
            if (seed % 5 == 0)
            {
                // A plain packet without its checksum.
                (offload, packet) = random.Next(2) == 0 ? SuperPacketBuilder.Udp(random, segmentBytes, 1) : SuperPacketBuilder.Tcp(random, segmentBytes, 1);
                offload = offload with { Segmentation = VirtioSegmentation.None, SegmentBytes = 0 };
            }

            Assert.True(Write(from, offload, packet), $"seed {seed}");
            List<byte[]> ours = Cut(offload, SuperPacketBuilder.Forwarded(packet));
            AssertSame(ours, Read(to, ours.Count), $"seed {seed}, {packet.Length} bytes by {segmentBytes}, protocol {packet[9]}, TCP flags 0x{packet[((packet[0] & 15) * 4) + 13]:x2}");
        }
    }

    [RequiresFact(Requirement.Tun | Requirement.NetNamespaces)]
    public async Task CoalescedTraffic_CutByTheKernel_IsTheTrafficThatWasCoalesced()
    {
        await using NetNamespace router = await NetNamespace.CreateAsync("router");
        using LinuxTunDevice from = Open(router, "uemt0", "10.1.0.1", TunOffloads.All);
        using LinuxTunDevice to = Open(router, "uemt1", "10.2.0.1", TunOffloads.None);
        router.WriteSetting("ipv4/ip_forward", "1");
        TunWriter writer = new(from);
        for (int seed = 0; seed < 200; seed++)
        {
            List<byte[]> packets = new TrafficGenerator(new Random(seed)).Make(100);
            packets.ForEach(packet => writer.Write(packet));
            Assert.Equal((packets.Count, 0), (writer.Flush().Packets, 0));
            List<byte[]> actual = [.. Read(to, packets.Count).Select(TrafficGenerator.WithoutMeaninglessIdentification)];
            foreach (IGrouping<string, byte[]> flow in packets.GroupBy(TrafficGenerator.FlowOf))
            {
                AssertSame(
                    [.. flow.Select(SuperPacketBuilder.Forwarded).Select(TrafficGenerator.WithoutMeaninglessIdentification)],
                    [.. actual.Where(packet => TrafficGenerator.FlowOf(packet) == flow.Key)],
                    $"seed {seed}, flow {flow.Key}");
            }
        }

        Assert.InRange(from.Counters.SuperPacketsWritten, 400, long.MaxValue);
        Assert.InRange(from.Counters.PacketsWritten, 1, 200 * 75);
    }

    [RequiresFact(Requirement.Tun | Requirement.NetNamespaces)]
    public async Task TcpAndUdp_ThroughTwoDevicesWithOffloads_ArriveWhole()
    {
        await using NetNamespace left = await NetNamespace.CreateAsync("left");
        await using NetNamespace right = await NetNamespace.CreateAsync("right");
        using LinuxTunDevice leftTun = Open(left, "uemt0", "10.64.0.1", TunOffloads.All);
        using LinuxTunDevice rightTun = Open(right, "uemt0", "10.64.0.2", TunOffloads.All);
        using TunCopier copier = new(leftTun, rightTun);

        byte[] data = new byte[16 << 20];
        new Random(1).NextBytes(data);
        using Socket listener = right.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(new IPEndPoint(IPAddress.Parse("10.64.0.2"), 7000));
        listener.Listen();
        using Socket client = left.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        await client.ConnectAsync("10.64.0.2", 7000).WaitAsync(SafetyTimeout);
        using Socket server = await listener.AcceptAsync().WaitAsync(SafetyTimeout);
        await Task.WhenAll(SendAsync(client, data), SendAsync(server, data), RequireAsync(client, data), RequireAsync(server, data)).WaitAsync(SafetyTimeout);
        foreach (LinuxTunDevice tun in new[] { leftTun, rightTun })
        {
            Assert.InRange(tun.Counters.SuperPacketsRead, 10, long.MaxValue);
            Assert.InRange(tun.Counters.SuperPacketsWritten, 10, long.MaxValue);
            Assert.Equal((0, 0), (tun.Counters.WritesDroppedMalformed, tun.Counters.WritesDroppedQueueFull));
        }

        long before = leftTun.Counters.SuperPacketsRead;
        using Socket receiver = right.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        receiver.Bind(new IPEndPoint(IPAddress.Parse("10.64.0.2"), 7001));
        receiver.ReceiveTimeout = (int)SafetyTimeout.TotalMilliseconds;
        using Socket sender = left.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));

        // SOL_UDP, UDP_SEGMENT.
        sender.SetRawSocketOption(17, 103, BitConverter.GetBytes(200));
        sender.SendTo(data.AsSpan(0, 50 * 200), new IPEndPoint(IPAddress.Parse("10.64.0.2"), 7001));
        byte[] datagram = new byte[2000];
        for (int i = 0; i < 50; i++)
        {
            Assert.Equal(200, receiver.Receive(datagram));
            Assert.True(datagram.AsSpan(0, 200).SequenceEqual(data.AsSpan(i * 200, 200)), $"datagram {i}");
        }

        Assert.InRange(leftTun.Counters.SuperPacketsRead, before + 1, long.MaxValue);
    }

    [RequiresFact(Requirement.Tun | Requirement.NetNamespaces)]
    public async Task Open_WithoutUdp_TheKernelCutsUdpItself()
    {
        await using NetNamespace home = await NetNamespace.CreateAsync("home");
        using LinuxTunDevice tun = Open(home, "uemt0", "10.64.0.1", TunOffloads.Checksum | TunOffloads.Tcp4);
        Assert.Equal(TunOffloads.Checksum | TunOffloads.Tcp4, tun.Offloads);
        using Socket sender = home.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        sender.SetRawSocketOption(17, 103, BitConverter.GetBytes(200));
        sender.SendTo(new byte[1000], new IPEndPoint(IPAddress.Parse("10.64.0.2"), 7001));
        Assert.Equal([228, 228, 228, 228, 228], Read(tun, 5).Select(packet => packet.Length));
        Assert.Equal(0, tun.Counters.SuperPacketsRead);
    }

    [RequiresFact(Requirement.Tun | Requirement.NetNamespaces)]
    public async Task OpenIn_ControlFileOpenedElsewhere_MakesTheInterfaceThere()
    {
        await using NetNamespace home = await NetNamespace.CreateAsync("home");
        TunOptions options = new() { Name = "uemt7", MtuBytes = 1400, Offloads = TunOffloads.All };
        using (LinuxTunDevice tun = LinuxTunDevice.OpenIn(options, home.Run(LinuxTunDevice.OpenControl), name => home.Run(() => NetworkLink.Open(name))))
        {
            Assert.Equal(("uemt7", 1400, TunOffloads.All), (tun.Name, tun.MtuBytes, tun.Offloads));
            Assert.Empty(tun.OffloadNotice);
            Assert.Contains("uemt7", await home.RunAsync("ip", "link", "show"), StringComparison.Ordinal);
            Assert.DoesNotContain("uemt7", NetworkInterface.GetAllNetworkInterfaces().Select(each => each.Name));
            Assert.False(tun.TryRead(new byte[tun.ReadBytesMax], out _, out _));
        }

        Assert.DoesNotContain("uemt7", await home.RunAsync("ip", "link", "show"), StringComparison.Ordinal);
    }

    [RequiresFact(Requirement.Tun | Requirement.NetNamespaces)]
    public async Task ReadAndWrite_AllocateNothing()
    {
        await using NetNamespace router = await NetNamespace.CreateAsync("router");
        using LinuxTunDevice from = Open(router, "uemt0", "10.1.0.1", TunOffloads.All);
        using LinuxTunDevice to = Open(router, "uemt1", "10.2.0.1", TunOffloads.All);
        router.WriteSetting("ipv4/ip_forward", "1");
        byte[][] packets = [.. SuperPacketBuilder.Cut(SuperPacketBuilder.Tcp(new Random(1), 30_000, 1000).Packet, 1000)];
        TunWriter writer = new(from);
        byte[] buffer = new byte[to.ReadBytesMax];
        Run();
        long before = GC.GetAllocatedBytesForCurrentThread();
        int bytes = Run();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.InRange(bytes, 30_000, 65_535);

        int Run()
        {
            foreach (byte[] packet in packets)
            {
                writer.Write(packet);
            }

            writer.Flush();
            while (true)
            {
                to.WaitReadable();
                if (to.TryRead(buffer, out VirtioNetHeader offload, out int read) && offload.Segmentation == VirtioSegmentation.Tcp4)
                {
                    return read;
                }
            }
        }
    }

    private static LinuxTunDevice Open(NetNamespace home, string name, string address, TunOffloads offloads) => home.Run(() =>
    {
        LinuxTunDevice tun = LinuxTunDevice.Open(new TunOptions { Name = name, MtuBytes = 1500, Offloads = offloads });
        using NetworkLink link = NetworkLink.Open(tun.Name);
        link.AddAddress(Ipv4Address.Parse(address), 24);
        link.SetUp();
        return tun;
    });

    private static bool Write(LinuxTunDevice tun, VirtioNetHeader offload, byte[] packet) =>
        tun.TryWrite(new CoalescedPacket(offload, packet, [new BufferSlice(0, packet.Length)], 2, packet.Length));

    private static List<byte[]> Cut(VirtioNetHeader offload, byte[] packet)
    {
        Assert.Equal(DropReason.Unspecified, PacketSegmenter.TryCreate(offload, packet, out PacketSegmenter segmenter));
        List<byte[]> cut = [];
        while (segmenter.MoveNext())
        {
            cut.Add(segmenter.Current.ToArray());
        }

        return cut;
    }

    // The kernel itself speaks on a new interface: its multicast is left out.
    private static List<byte[]> Read(LinuxTunDevice tun, int count)
    {
        byte[] buffer = new byte[tun.ReadBytesMax];
        List<byte[]> packets = [];
        using CancellationTokenSource limit = new(SafetyTimeout);
        while (packets.Count < count && !limit.IsCancellationRequested)
        {
            if (!tun.TryRead(buffer, out _, out int bytes))
            {
                tun.WaitReadable(TimeSpan.FromSeconds(1));
            }
            else if (buffer[0] >> 4 == 4 && buffer[9] is 6 or 17 && buffer[16] == 10)
            {
                packets.Add(buffer[..bytes]);
            }
        }

        return packets;
    }

    private static void AssertSame(List<byte[]> expected, List<byte[]> actual, string what)
    {
        Assert.True(expected.Count == actual.Count, $"{what}: {expected.Count} packets expected, {actual.Count} came");
        for (int i = 0; i < expected.Count; i++)
        {
            Assert.True(
                expected[i].AsSpan().SequenceEqual(actual[i]),
                $"{what}: packet {i} of {expected.Count}\nours   {Convert.ToHexString(expected[i].AsSpan(0, Math.Min(80, expected[i].Length)))}\nkernel {Convert.ToHexString(actual[i].AsSpan(0, Math.Min(80, actual[i].Length)))}");
        }
    }

    private static Task SendAsync(Socket socket, byte[] data) => Task.Factory.StartNew(
        () => Assert.Equal(data.Length, socket.Send(data)), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static Task RequireAsync(Socket socket, byte[] data) => Task.Factory.StartNew(
        () =>
        {
            byte[] received = new byte[data.Length];
            for (int bytes = 0; bytes < data.Length;)
            {
                int read = socket.Receive(received.AsSpan(bytes));
                Assert.NotEqual(0, read);
                bytes += read;
            }

            Assert.Equal(SHA256.HashData(data), SHA256.HashData(received));
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);
}
