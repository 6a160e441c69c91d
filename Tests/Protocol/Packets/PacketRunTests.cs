using OrleansUem.Protocol.Packets;
using Xunit;

namespace OrleansUem.Tests.Protocol.Packets;

public sealed class PacketRunTests
{
    [Fact]
    public void MoveNext_PacketsBackToBack_ComeOutAsTheyWere()
    {
        var random = new Random(7);
        for (var round = 0; round < 500; round++)
        {
            var packets = Enumerable.Range(0, random.Next(1, 30)).Select(i => PacketBuilder.Udp("10.0.0.1", "10.0.0.2", (ushort)i, random.Next(0, 600))).ToList();
            Assert.Equal(packets, Cut([.. packets.SelectMany(packet => packet)]));
        }
    }

    [Fact]
    public void MoveNext_AnyBytes_LosesNoneAndEnds()
    {
        var random = new Random(8);
        for (var round = 0; round < 5_000; round++)
        {
            var bytes = new byte[random.Next(0, 200)];
            random.NextBytes(bytes);
            for (var offset = 2; offset + 1 < bytes.Length && round % 2 == 0; offset += random.Next(2, 40))
            {
                bytes[offset] = 0;
            }

            Assert.Equal(bytes, Cut(bytes).SelectMany(packet => packet));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("45")]
    [InlineData("4500001345000013450000134500001345000013")] // says 19
    [InlineData("4500ffff00000000000000000000000000000000")] // says more than there is
    public void MoveNext_NoLengthFits_IsOnePacketAsItStands(string hex)
    {
        var bytes = Convert.FromHexString(hex);
        Assert.Equal(bytes.Length == 0 ? [] : [bytes], Cut(bytes));
    }

    private static List<byte[]> Cut(byte[] content)
    {
        var packets = new List<byte[]>();
        for (var run = new PacketRun(content); run.MoveNext();)
        {
            packets.Add(run.Current.ToArray());
        }

        return packets;
    }
}
