using System.Buffers;
using Google.Protobuf;
using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Tunnel;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Protocol.Messages;

public sealed class MessageFormTests
{
    [Theory]
    [InlineData("", true)]
    [InlineData("0801", true)]
    [InlineData("0801 1202 0000 1d00000000 2100000000 00000000", true)]
    [InlineData("0801 0802", false)]
    [InlineData("1200 1200", false)]
    [InlineData("1200 0801 1200", false)]
    [InlineData("1200 9280808080808080 1000", false)] // the second key with bits that the parser drops
    [InlineData("1200 920000", false)] // in more bytes than it needs
    [InlineData("8204 00 8204 00", true)] // field 64: unknown to all
    [InlineData("0b 0c", false)] // a group
    [InlineData("0f", false)] // no such type
    [InlineData("12ff", true)] // cut off: the parser says so
    [InlineData("0d00", true)]
    [InlineData("ffffffffffffffffffffff", true)]
    public void HasEachFieldOnce_Bytes(string hex, bool expected)
    {
        var bytes = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

        Assert.Equal(expected, MessageForm.HasEachFieldOnce(bytes));
        Assert.Equal(expected, MessageForm.HasEachFieldOnce(new ReadOnlySequence<byte>(bytes)));
    }

    /// <summary>A long list, then the same body again and again: the parser would copy the list each time.</summary>
    [Fact]
    public void Bodies_ThatStandThereAgain_CostNoMoreThanTheirLength()
    {
        var configuration = new Configuration();
        configuration.DnsDomains.Add(Enumerable.Repeat("", 3_000));
        byte[] tunnel = [TunnelCodec.ControlByte, .. new TunnelControl { Configuration = configuration }.ToByteArray(), .. Repeated(0x12, 0)];
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Equal(Reason.MalformedFrame, TunnelCodec.TryDecode(tunnel, out _));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);

        var asked = new ControlRequest { Id = 1, TunnelsEnded = new TunnelsEnded() };
        byte[] request = [.. asked.ToByteArray(), .. asked.ToByteArray()[2..]];
        var silo = new ControlLinkMachine(ControlSide.Silo);
        Assert.Equal(Reason.MalformedFrame, silo.OnRequest(new ReadOnlySequence<byte>(request)).Reason);
        var edge = new ControlLinkMachine(ControlSide.Edge);
        Assert.Equal(Reason.MalformedFrame, edge.OnAnswer(new ReadOnlySequence<byte>([0x08, 1, 0x08, 1])).Reason);

        static IEnumerable<byte> Repeated(byte key, byte length) => Enumerable.Range(0, 4_000).SelectMany(_ => (byte[])[key, length]);
    }
}
