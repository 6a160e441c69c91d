using System.Buffers;
using OrleansUem.Protocol.Wire;
using Xunit;

namespace OrleansUem.Tests.Protocol.Wire;

public sealed class FrameReaderTests
{
    /// <summary>Any split of the stream gives the same frames: 200 random streams, cut at random places.</summary>
    [Fact]
    public void TryRead_AnySplit_GivesTheSameFrames()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var output = new ArrayBufferWriter<byte>();
            var expected = new List<(FrameHeader Header, byte[] Payload)>();
            for (var i = random.Next(1, 20); i > 0; i--)
            {
                var payload = new byte[random.Next(0, 300)];
                random.NextBytes(payload);
                var channel = new Channel((uint)random.NextInt64(0, 1L << 32));
                FrameWriter.Write(output, FrameType.Datagram, channel, payload);
                expected.Add((new FrameHeader(FrameType.Datagram, FrameFlags.None, payload.Length, channel), payload));
            }

            var buffer = Split(output.WrittenSpan, random);
            foreach (var (header, payload) in expected)
            {
                Assert.True(FrameReadResult.Frame == FrameReader.TryRead(ref buffer, 300, out var read, out var body), $"seed {seed}");
                Assert.Equal(header, read);
                Assert.Equal(payload, body.ToArray());
            }

            Assert.Equal(FrameReadResult.NeedMore, FrameReader.TryRead(ref buffer, 300, out _, out _));
            Assert.Equal(0, buffer.Length);
        }
    }

    [Theory]
    [InlineData(99, FrameReadResult.NeedMore)]
    [InlineData(100, FrameReadResult.NeedMore)]
    [InlineData(101, FrameReadResult.TooLong)]
    public void TryRead_LengthAtTheLimit_IsJudgedOnTheHeaderAlone(int payloadBytes, FrameReadResult expected)
    {
        var head = new byte[FrameLimits.HeaderBytes];
        new FrameHeader(FrameType.Datagram, FrameFlags.None, payloadBytes, Channel.Create(1, 0)).Write(head);
        var buffer = new ReadOnlySequence<byte>(head);
        Assert.Equal(expected, FrameReader.TryRead(ref buffer, 100, out _, out _));
        Assert.Equal(FrameLimits.HeaderBytes, buffer.Length);
    }

    [Fact]
    public void TryRead_RandomBytes_NeverThrowsAndAlwaysEnds()
    {
        for (var seed = 0; seed < 2_000; seed++)
        {
            var random = new Random(seed);
            var bytes = new byte[random.Next(0, 200)];
            random.NextBytes(bytes);
            var buffer = Split(bytes, random);
            while (FrameReader.TryRead(ref buffer, FrameLimits.MaxPayloadBytes, out _, out _) == FrameReadResult.Frame)
            {
            }
        }
    }

    [Fact]
    public void ReadAndWrite_SteadyState_AllocateNothing()
    {
        var output = new ArrayBufferWriter<byte>(2_000);
        var payload = new byte[1_400];
        Round(output, payload);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            Round(output, payload);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Write_PayloadAboveTheLimit_IsRefusedAndWritesNothing()
    {
        var output = new ArrayBufferWriter<byte>();
        var payload = new byte[FrameLimits.MaxPayloadBytes + 1];
        Assert.Throws<ArgumentException>(() => FrameWriter.Write(output, FrameType.Datagram, Channel.Create(1, 0), payload));
        Assert.Equal(0, output.WrittenCount);
        FrameWriter.Write(output, FrameType.Datagram, Channel.Create(1, 0), payload.AsSpan(1));
        Assert.Equal(FrameLimits.HeaderBytes + FrameLimits.MaxPayloadBytes, output.WrittenCount);
    }

    private static void Round(ArrayBufferWriter<byte> output, byte[] payload)
    {
        output.ResetWrittenCount();
        FrameWriter.Write(output, FrameType.Datagram, Channel.Create(1, 0), payload);
        var buffer = new ReadOnlySequence<byte>(output.WrittenMemory);
        _ = FrameReader.TryRead(ref buffer, FrameLimits.MaxPayloadBytes, out _, out _);
    }

    private static ReadOnlySequence<byte> Split(ReadOnlySpan<byte> bytes, Random random)
    {
        Segment? first = null;
        Segment? last = null;
        var rest = bytes.ToArray().AsMemory();
        do
        {
            var take = Math.Min(rest.Length, random.Next(1, 40));
            last = new Segment(rest[..take], last);
            first ??= last;
            rest = rest[take..];
        }
        while (rest.Length > 0);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? previous)
        {
            Memory = memory;
            RunningIndex = previous is null ? 0 : previous.RunningIndex + previous.Memory.Length;
            if (previous is not null)
            {
                previous.Next = this;
            }
        }
    }
}
