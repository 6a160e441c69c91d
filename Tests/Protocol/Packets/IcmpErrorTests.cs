using System.Buffers.Binary;
using OrleansUem.Protocol.Packets;
using Xunit;
using static OrleansUem.Tests.Protocol.Packets.PacketBuilder;

namespace OrleansUem.Tests.Protocol.Packets;

public sealed class IcmpErrorTests
{
    private static readonly Ipv4Address Router = Ipv4Address.Parse("10.64.0.1");

    [Theory]
    [InlineData(0)]
    [InlineData(1001)]
    public void TryBuildAdministrativelyProhibited_TcpPacket_QuotesItWithRightChecksums(int payloadBytes)
    {
        byte[] about = Tcp("10.64.0.2", "10.1.2.3", 443, payloadBytes);
        byte[] answer = new byte[IcmpError.PacketBytesMax];
        Assert.True(IcmpError.TryBuildAdministrativelyProhibited(Parse(about), Router, answer, out int bytes));
        Assert.Equal(Math.Min(about.Length + 28, 576), bytes);
        Ipv4Packet packet = Parse(answer[..bytes]);
        Assert.Equal("10.64.0.1", packet.Source.ToString());
        Assert.Equal("10.64.0.2", packet.Destination.ToString());
        Assert.Equal(IpProtocolNumber.Icmp, packet.Protocol);
        Assert.Equal(3, packet.Payload[0]);
        Assert.Equal(13, packet.Payload[1]);
        Assert.Equal(0, InternetChecksum.Compute(packet.Payload));
        Assert.True(packet.Payload[8..].SequenceEqual(about.AsSpan(0, bytes - 28)));
    }

    [Fact]
    public void TryBuildFragmentationNeeded_LargePacketWithDf_CarriesTheMtu()
    {
        byte[] answer = new byte[IcmpError.PacketBytesMax];
        byte[] about = DontFragment(Udp("10.64.0.2", "10.1.2.3", 443, 1400));
        Assert.True(IcmpError.TryBuildFragmentationNeeded(Parse(about), Router, 1280, answer, out int bytes));
        Ipv4Packet packet = Parse(answer[..bytes]);
        Assert.Equal(3, packet.Payload[0]);
        Assert.Equal(4, packet.Payload[1]);
        Assert.Equal(1280, BinaryPrimitives.ReadUInt16BigEndian(packet.Payload[6..]));
        Assert.Equal(0, InternetChecksum.Compute(packet.Payload));
        Assert.False(IcmpError.TryBuildFragmentationNeeded(
            Parse(Udp("10.64.0.2", "10.1.2.3", 443, 1400)), Router, 1280, answer, out bytes));
        Assert.Equal(0, bytes);
    }

    [Fact]
    public void MayAnswer_Packets_AsRfc1122()
    {
        Assert.True(IcmpError.MayAnswer(Parse(Udp("10.64.0.2", "10.1.2.3", 53))));
        Assert.True(IcmpError.MayAnswer(Parse(Icmp("10.64.0.2", "10.1.2.3", 8))));
        Assert.True(IcmpError.MayAnswer(Parse(Fragment("10.64.0.2", "10.1.2.3", 17, 1, 0, true, 1480))));
        Assert.False(IcmpError.MayAnswer(Parse(Fragment("10.64.0.2", "10.1.2.3", 17, 1, 1480, false, 8))));
        foreach (byte errorType in (byte[])[3, 4, 5, 11, 12, 40])
        {
            Assert.False(IcmpError.MayAnswer(Parse(Icmp("10.64.0.2", "10.1.2.3", errorType))), $"ICMP type {errorType}");
        }

        foreach (string group in (string[])["224.0.0.251", "255.255.255.255", "240.0.0.1", "127.0.0.1", "0.0.0.0"])
        {
            Assert.False(IcmpError.MayAnswer(Parse(Udp("10.64.0.2", group, 53))), $"to {group}");
            Assert.False(IcmpError.MayAnswer(Parse(Udp(group, "10.1.2.3", 53))), $"from {group}");
        }
    }

    [Fact]
    public void TryBuild_ShortBuffer_Refused()
    {
        byte[] about = Udp("10.64.0.2", "10.1.2.3", 53);
        Assert.False(IcmpError.TryBuildAdministrativelyProhibited(Parse(about), Router, new byte[about.Length + 27], out _));
        Assert.True(IcmpError.TryBuildAdministrativelyProhibited(Parse(about), Router, new byte[about.Length + 28], out _));
    }

    private static Ipv4Packet Parse(byte[] bytes)
    {
        Assert.True(Ipv4Packet.TryParse(bytes, out Ipv4Packet packet, out Ipv4ParseError error), error.ToString());
        return packet;
    }
}
