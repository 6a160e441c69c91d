using OrleansUem.Device.Names;
using Xunit;

namespace OrleansUem.Tests.Device.Names;

public sealed class DnsMessageTests
{
    // dig +noedns A web.corp.example
    private const string Question = "1a2b 0100 0001 0000 0000 0000 03 776562 04 636f7270 07 6578616d706c65 00 0001 0001";

    [Theory]
    [InlineData(Question, "web.corp.example")]
    [InlineData("0000 0100 0001 0000 0000 0001 00 0002 0001 00 0029 1000 00000000 0000", "")]
    [InlineData("0000 0000 0001 0000 0000 0000 04 612e6220 00 0001 0001", @"a\046b\032")]
    [InlineData("0000 0000 0001 0000 0000 0000 02 ff5c 00 0001 0001", @"\255\092")]
    public void TryReadQuestion_Query_GivesTheName(string hex, string expected)
    {
        var name = new char[DnsMessage.NameCharactersMax];
        Assert.True(DnsMessage.TryReadQuestion(Bytes(hex), name, out var characters, out var end));
        Assert.Equal(expected, new string(name, 0, characters));
        Assert.True(end <= Bytes(hex).Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1a2b 0100 0001 0000 0000 00")]
    [InlineData("1a2b 8100 0001 0000 0000 0000 00 0001 0001")] // a response
    [InlineData("1a2b 2800 0001 0000 0000 0000 00 0001 0001")] // an update
    [InlineData("1a2b 0100 0002 0000 0000 0000 00 0001 0001 00 0001 0001")] // two questions
    [InlineData("1a2b 0100 0000 0000 0000 0000 00 0001 0001")] // none
    [InlineData("1a2b 0100 0001 0000 0000 0000 c00c 0001 0001")] // a pointer
    [InlineData("1a2b 0100 0001 0000 0000 0000 40 00 0001 0001")] // a label of 64
    [InlineData("1a2b 0100 0001 0000 0000 0000 05 776562 00 0001 0001")] // a label beyond the end
    [InlineData("1a2b 0100 0001 0000 0000 0000 03 776562 00 0001 00")] // no class
    [InlineData("1a2b 0100 0001 0000 0000 0000 03 776562")] // no end of the name
    public void TryReadQuestion_OtherBytes_AreRefused(string hex) =>
        Assert.False(DnsMessage.TryReadQuestion(Bytes(hex), new char[DnsMessage.NameCharactersMax], out _, out _));

    [Theory]
    [InlineData(4, true)]
    [InlineData(5, false)]
    public void TryReadQuestion_LongNames_EndAt255Bytes(int labels, bool expected)
    {
        // Labels of 62 bytes: four are 252 with their lengths, and one of the end.
        byte[] message = [.. Bytes("0000 0100 0001 0000 0000 0000"), .. Enumerable.Repeat<byte[]>([62, .. new byte[62]], labels).SelectMany(label => label), 0, 0, 1, 0, 1];
        Assert.Equal(expected, DnsMessage.TryReadQuestion(message, new char[DnsMessage.NameCharactersMax], out var characters, out _));
        Assert.True(!expected || characters == (62 * 4 * 4) + 3);
    }

    [Theory]
    [InlineData("1a2b 8180 0001 0001 0000 0000 03 576562 04 636f7270 07 6578616d706c65 00 0001 0001 c00c", true)] // another case
    [InlineData("1a2b 8182 0000 0000 0000 0000", true)] // an error without the question
    [InlineData("1a2b 8180 0000 0000 0000 0000", false)] // none, and no error
    [InlineData("1a2c 8180 0001 0000 0000 0000 03 776562 04 636f7270 07 6578616d706c65 00 0001 0001", false)] // another id
    [InlineData("1a2b 0100 0001 0000 0000 0000 03 776562 04 636f7270 07 6578616d706c65 00 0001 0001", false)] // a question
    [InlineData("1a2b 8180 0001 0000 0000 0000 03 776563 04 636f7270 07 6578616d706c65 00 0001 0001", false)] // another name
    [InlineData("1a2b 8180 0001 0000 0000 0000 03 776562 04 636f7270 07 6578616d706c65 00 001c 0001", false)] // another type
    [InlineData("1a2b 8180 0001", false)]
    public void IsAnswer_Message_IsJudgedByIdAndQuestion(string hex, bool expected) =>
        Assert.Equal(expected, DnsMessage.IsAnswer(Bytes(Question), Bytes(Question).Length, Bytes(hex)));

    [Fact]
    public void MakeFailure_Question_IsAnsweredWithoutRecords()
    {
        var question = Bytes("1a2b 0120 0001 0000 0000 0001 00 0002 0001 00 0029 1000 00000000 0000");
        Assert.True(DnsMessage.TryReadQuestion(question, new char[DnsMessage.NameCharactersMax], out _, out var end));
        Assert.Equal(Bytes("1a2b 8182 0001 0000 0000 0000 00 0002 0001"), DnsMessage.MakeFailure(question, end, DnsMessage.ServerFailure));
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
