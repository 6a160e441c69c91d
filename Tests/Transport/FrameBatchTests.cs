using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;
using Xunit;

namespace OrleansUem.Tests.Transport;

public sealed class FrameBatchTests
{
    private static readonly Channel First = Channel.Create(1, 0);
    private static readonly Channel Second = Channel.Create(7, 3);

    [Fact]
    public void Frames_OfAnySizes_ComeBackInOrder()
    {
        var batch = new FrameBatch();
        for (var size = 0; size < 300; size += 7)
        {
            Assert.True(batch.TryAdd(size % 2 == 0 ? First : Second, Payload(size)));
        }

        var rest = batch.Frames;
        for (var size = 0; size < 300; size += 7)
        {
            Assert.True(FrameBatch.TryTake(ref rest, out var header, out var payload));
            Assert.Equal(FrameType.Datagram, header.Type);
            Assert.Equal(size % 2 == 0 ? First : Second, header.Channel);
            Assert.Equal(Payload(size), payload);
        }

        Assert.False(FrameBatch.TryTake(ref rest, out _, out _));
    }

    [Fact]
    public void TryBegin_WhenItDoesNotFit_RefusesAndKeepsWhatIsThere()
    {
        var batch = new FrameBatch();
        while (batch.TryAdd(First, Payload(1_400)))
        {
        }

        Assert.Equal(FrameBatch.MaxBytes / 1_408, batch.Count);
        Assert.False(batch.HasRoom(1_400));
        Assert.True(batch.TryBegin(16, out _));
        Assert.Equal(FrameBatch.MaxBytes / 1_408 * 1_408, batch.Frames.Length);
        batch.Clear();
        Assert.Equal(0, batch.Count);
        Assert.True(batch.HasRoom(FrameLimits.MaxPayloadBytes));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.TryBegin(FrameLimits.MaxPayloadBytes + 1, out _));
    }

    [Fact]
    public void Commit_OfLessThanWasBegun_AddsTheShorterFrame()
    {
        var batch = new FrameBatch();
        Assert.True(batch.TryBegin(100, out var room));
        room[..10].Fill(9);
        batch.Commit(First, 10);
        var rest = batch.Frames;
        Assert.True(FrameBatch.TryTake(ref rest, out _, out var payload));
        Assert.Equal(Enumerable.Repeat((byte)9, 10), payload.ToArray());
        Assert.True(rest.IsEmpty);
    }

    private static byte[] Payload(int size) => [.. Enumerable.Range(0, size).Select(i => (byte)i)];
}
