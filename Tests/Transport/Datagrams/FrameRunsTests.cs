using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;
using OrleansUem.Transport.Datagrams;
using Xunit;

namespace OrleansUem.Tests.Transport.Datagrams;

public sealed class FrameRunsTests
{
    private static readonly Channel Channel = Channel.Create(1, 0);

    // Payload sizes in, runs as "count x first size" out.
    [Theory]
    [InlineData("", "")]
    [InlineData("100", "1x108")]
    [InlineData("100 100 100", "3x108")]
    [InlineData("100 100 40", "3x108")]
    [InlineData("100 40 40", "2x108 1x48")]
    [InlineData("40 100 100", "1x48 2x108")]
    [InlineData("100 40 100", "2x108 1x108")]
    [InlineData("0 0 1", "2x8 1x9")]
    public void MoveNext_Frames_MakesRunsOfOneSizeWithAShorterLast(string payloads, string expected)
    {
        var batch = Batch(payloads.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse));
        Assert.Equal(expected, string.Join(' ', Runs(batch).Select(run => $"{run.Count}x{run.SegmentBytes}")));
    }

    [Fact]
    public void MoveNext_ManyShortFrames_StopsAtWhatTheKernelTakes()
    {
        var runs = Runs(Batch(Enumerable.Repeat(200, 130)));
        Assert.Equal([60, 60, 10], runs.Select(run => run.Count));
    }

    [Fact]
    public void MoveNext_AnyBatch_LosesNothingAndKeepsTheOrder()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            int[] sizes = [random.Next(0, 1_500), random.Next(0, 1_500), 1_436];
            var batch = Batch(Enumerable.Range(0, random.Next(1, 100)).Select(_ => sizes[random.Next(3)]));
            var runs = Runs(batch);
            Assert.True(batch.Frames.SequenceEqual(runs.SelectMany(run => run.Bytes).ToArray()), $"seed {seed}");
            foreach (var run in runs)
            {
                var frames = run.Bytes.Length;
                Assert.True(run.Count is >= 1 and <= UdpBatchSocket.SegmentsMax && frames <= UdpBatchSocket.RunBytesMax, $"seed {seed}");
                Assert.True(run.Count == (frames + run.SegmentBytes - 1) / run.SegmentBytes, $"seed {seed}");
            }
        }
    }

    private static FrameBatch Batch(IEnumerable<int> payloads)
    {
        var batch = new FrameBatch();
        foreach (var bytes in payloads)
        {
            if (!batch.TryAdd(Channel, new byte[bytes]))
            {
                break;
            }
        }

        return batch;
    }

    private static List<(int Count, int SegmentBytes, byte[] Bytes)> Runs(FrameBatch batch)
    {
        var found = new List<(int, int, byte[])>();
        var runs = new FrameRuns(batch.Frames);
        while (runs.MoveNext())
        {
            found.Add((runs.Count, runs.SegmentBytes, runs.Run.ToArray()));
        }

        return found;
    }
}
