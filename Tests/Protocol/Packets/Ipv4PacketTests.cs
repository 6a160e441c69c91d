using OrleansUem.Protocol.Packets;
using Xunit;
using static OrleansUem.Tests.Protocol.Packets.PacketBuilder;

namespace OrleansUem.Tests.Protocol.Packets;

public sealed class Ipv4PacketTests
{
    // A SYN 10.10.0.2:54321 -> 10.1.2.3:443 with DF, TTL 63 and the usual options.
    private const string Syn =
        "4500003c1c4640003f06ffd70a0a00020a010203" + "d43101bb0000000100000000a002ffff00000000020405b40402080a0000000000000000010303" + "07";

    [Fact]
    public void TryParse_Syn_ShowsEveryField()
    {
        byte[] bytes = Seal(Convert.FromHexString(Syn));
        Assert.True(Ipv4Packet.TryParse([.. bytes, 1, 2, 3], out Ipv4Packet packet, out Ipv4ParseError error), error.ToString());
        Assert.Equal(60, packet.TotalBytes);
        Assert.Equal(20, packet.HeaderBytes);
        Assert.Equal(0x1c46, packet.Identification);
        Assert.True(packet.IsDontFragment);
        Assert.False(packet.IsFragment);
        Assert.Equal(63, packet.TimeToLive);
        Assert.True(packet.HasPorts);
        Assert.Equal("Tcp 10.10.0.2:54321 -> 10.1.2.3:443", packet.FiveTuple.ToString());
        Assert.Equal("Tcp 10.1.2.3:443 -> 10.10.0.2:54321", packet.FiveTuple.Reverse().ToString());
        Assert.Equal(40, packet.Payload.Length);
    }

    [Fact]
    public void TryParse_LaterFragment_HasNoPorts()
    {
        byte[] bytes = Fragment("10.0.0.1", "10.0.0.2", 17, 7, offsetBytes: 1480, more: false, payloadBytes: 100);
        Assert.True(Ipv4Packet.TryParse(bytes, out Ipv4Packet packet, out _));
        Assert.True(packet.IsFragment);
        Assert.True(packet.IsLaterFragment);
        Assert.Equal(1480, packet.FragmentOffsetBytes);
        Assert.False(packet.HasPorts);
        Assert.Equal(0, packet.DestinationPort);
    }

    [Fact]
    public void TryParse_BadPackets_NameTheError()
    {
        Check([], Ipv4ParseError.TooShort);
        Check([0x45], Ipv4ParseError.TooShort);
        Check(Udp("10.0.0.1", "10.0.0.2", 53)[..19], Ipv4ParseError.TooShort);
        Check([0x60, .. new byte[39]], Ipv4ParseError.NotVersion4);
        Check(Changed(0, 0x44), Ipv4ParseError.BadHeaderLength);
        Check(Changed(0, 0x4F), Ipv4ParseError.TooShort);
        Check(Changed(3, 19), Ipv4ParseError.BadTotalLength);
        Check(Changed(3, 37), Ipv4ParseError.BadTotalLength);
        Check(Changed(8, 63, seal: false), Ipv4ParseError.BadChecksum);
        Check(Changed(3, 27), Ipv4ParseError.TransportTooShort);
        Check(Changed(9, 6), Ipv4ParseError.TransportTooShort);
        Check(
            Fragment("10.0.0.1", "10.0.0.2", 17, 1, offsetBytes: 8 * 0x1FFF, more: false, payloadBytes: 100),
            Ipv4ParseError.FragmentBeyondEnd);
        Check(Fragment("10.0.0.1", "10.0.0.2", 6, 1, 0, more: true, payloadBytes: 8), Ipv4ParseError.TransportTooShort);
        Check(Fragment("10.0.0.1", "10.0.0.2", 6, 1, 8, more: false, payloadBytes: 12), Ipv4ParseError.TransportTooShort);

        static byte[] Changed(int index, byte value, bool seal = true)
        {
            byte[] packet = Udp("10.0.0.1", "10.0.0.2", 53);
            packet[index] = value;
            return seal ? Seal(packet) : packet;
        }

        static void Check(byte[] bytes, Ipv4ParseError expected)
        {
            Assert.False(Ipv4Packet.TryParse(bytes, out _, out Ipv4ParseError error));
            Assert.Equal(expected, error);
        }
    }

    [Fact]
    public void TryParse_AnyBytes_NeverThrowsAndStaysInside()
    {
        const int Seed = 791;
        Random random = new(Seed);
        DestinationPolicy policy = DestinationPolicy.Parse("10.0.0.0/8:tcp/80", "0.0.0.0/1:udp", "!128.0.0.0/1:icmp", "0.0.0.0/0");
        PermittedTraffic fragments = new();
        byte[] answer = new byte[IcmpError.PacketBytesMax];
        int parsed = 0;
        for (int i = 0; i < 50_000; i++)
        {
            byte[] bytes = new byte[random.Next(0, 90)];
            random.NextBytes(bytes);
            if (bytes.Length >= 20 && random.Next(4) > 0)
            {
                // Mostly right headers reach the code behind the checks.
                bytes[0] = (byte)(0x45 + random.Next(3));
                bytes[2] = 0;
                bytes[3] = (byte)random.Next(20, bytes.Length + 1);
                bytes[9] = random.Next(4) switch { 0 => 1, 1 => 6, 2 => 17, _ => bytes[9] };
                bytes[6] &= (byte)(random.Next(2) == 0 ? 0x60 : 0xFF);
                Seal(bytes);
            }

            if (!Ipv4Packet.TryParse(bytes, out Ipv4Packet packet, out Ipv4ParseError error))
            {
                Assert.True(error != Ipv4ParseError.None, $"seed {Seed} step {i}");
                continue;
            }

            parsed++;
            _ = packet.FiveTuple.ToString();
            _ = packet.Payload.Length;
            _ = fragments.IsPermitted(policy, packet, i);
            if (IcmpError.TryBuildAdministrativelyProhibited(packet, new Ipv4Address(0x0A000001), answer, out int answerBytes))
            {
                Assert.True(
                    Ipv4Packet.TryParse(answer.AsSpan(0, answerBytes), out _, out error), $"seed {Seed} step {i}: {error}");
            }
        }

        Assert.True(parsed > 5_000, $"only {parsed} of the made-up packets were parsed");
        Assert.InRange(fragments.Count, 0, PermittedTraffic.DatagramsMax);
    }

    [Fact]
    public void TryParse_Packet_AllocatesNothing()
    {
        byte[] bytes = Tcp("10.0.0.1", "10.1.2.3", 443, 1000);
        DestinationPolicy policy = DestinationPolicy.Parse("10.1.0.0/16:tcp/80,443");
        Judge();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Judge();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Judge()
        {
            for (int i = 0; i < 100; i++)
            {
                if (!Ipv4Packet.TryParse(bytes, out Ipv4Packet packet, out _) || policy.Judge(packet) != PolicyVerdict.Permitted)
                {
                    Assert.Fail("the packet is permitted");
                }
            }
        }
    }
}
