using OrleansUem.LoadTest.Fuzz;
using OrleansUem.LoadTest.Fuzz.Shapes;
using OrleansUem.LoadTest.Fuzz.Targets;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Messages;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Fuzz;

/// <summary>The harness finds what it is there to find, and says how to find it again.</summary>
public sealed class FuzzRunTests
{
    [Fact]
    public void Feed_ParserThatThrowsOnOneByte_FindsAnInput()
    {
        var target = Target(input => input.Contains((byte)0xA5) ? throw new IndexOutOfRangeException("off by one") : true);
        using var run = new FuzzRun(target, seed: 1);

        var report = run.Feed(100_000, CancellationToken.None);

        Assert.NotNull(report.Failure);
        Assert.Contains((byte)0xA5, report.Failure.Input);
        Assert.Contains("off by one", report.Failure.What, StringComparison.Ordinal);
        Assert.NotNull(run.Try(report.Failure.Input, out _, out _, out _));
    }

    [Fact]
    public void Feed_ParserThatTrustsALength_FindsTheMemoryItTakes()
    {
        var target = Target(input => input.Length > 4 && new byte[(input[1] << 16) | (input[2] << 8)].Length >= 0);
        using var run = new FuzzRun(target, seed: 1);

        Assert.Contains("bytes of memory", run.Feed(100_000, CancellationToken.None).Failure!.What, StringComparison.Ordinal);
    }

    /// <summary>By the thread's own time: what a busy machine takes for others is nobody's fault.</summary>
    [Fact]
    public void Feed_ParserThatComputesForLong_IsFound()
    {
        var target = Target(input => input.Contains((byte)0xA5) ? Compute() : true);
        using var run = new FuzzRun(target, seed: 1);

        Assert.Contains("ms and", run.Feed(100_000, CancellationToken.None).Failure!.What, StringComparison.Ordinal);

        static bool Compute()
        {
            var (start, before) = (TimeProvider.System.GetTimestamp(), ThreadTime.Read());
            while ((ThreadTime.Read(before) ?? TimeProvider.System.GetElapsedTime(start)) < TimeSpan.FromMilliseconds(600))
            {
            }

            return true;
        }
    }

    [Fact]
    public void Feed_SameSeed_SameInputs()
    {
        Assert.Equal(Inputs(seed: 7), Inputs(seed: 7));
        Assert.NotEqual(Inputs(seed: 7), Inputs(seed: 8));

        static string[] Inputs(ulong seed)
        {
            var inputs = new List<string>();
            using var run = new FuzzRun(Target(input => input.Length % 3 == 0), seed, input => inputs.Add(Convert.ToHexString(input)));
            run.Feed(500, CancellationToken.None);
            return [.. inputs];
        }
    }

    [Fact]
    public void Replay_FileOfAFailure_FailsAgain()
    {
        var directory = Directory.CreateTempSubdirectory("uem-fuzz-");
        try
        {
            var path = Path.Combine(directory.FullName, "packet.hex");
            File.WriteAllText(path, new FuzzFailure("packet", [0x45, 0, 0], "").ToCorpusLine("found"));
            var output = new StringWriter();
            Assert.Equal(0, FuzzLoad.Replay("packet", path, output));
            Assert.Contains("refused", output.ToString(), StringComparison.Ordinal);

            var last = Path.Combine(directory.FullName, "packet.last");
            using (var kept = new LastInput(last, maxBytes: 100))
            {
                kept.Set([1, 2, 3]);
                kept.Set([4, 5]);
                Assert.Equal([4, 5], LastInput.Read(last));
            }

            Assert.False(File.Exists(last));
            Assert.Throws<FormatException>(() => FuzzLoad.Replay("no-such-parser", path, output));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void Mutate_Der_MostlyStaysDer()
    {
        using var authority = new TestAuthority();
        var parsed = Count(DerShape.Instance, authority.Authority.Root.RawData, bytes => CertificateProfile.TryLoad(bytes, out var certificate) == OrleansUem.Protocol.Wire.Reason.None && Close(certificate));
        Assert.InRange(parsed, 200, 950);

        static bool Close(IDisposable? certificate)
        {
            certificate?.Dispose();
            return true;
        }
    }

    [Fact]
    public void Mutate_Protobuf_MostlyStaysProtobuf()
    {
        var cut = new ControlRequest { Id = 1, Cut = new Cut { Sequence = 4, TenantId = "x", Reason = 410 } };
        var output = Google.Protobuf.MessageExtensions.ToByteArray(cut);
        Assert.InRange(Count(ProtobufShape.Instance, output, bytes => FuzzMessages.TryParse(ControlRequest.Parser, bytes) is not null), 500, 999);
    }

    private static int Count(FuzzShape shape, byte[] input, Func<byte[], bool> isAccepted)
    {
        var changed = 0;
        var accepted = 0;
        for (var i = 0; i < 1_000; i++)
        {
            var mutant = shape.Mutate(input, FuzzRandom.ForInput(3, i));
            changed += mutant.AsSpan().SequenceEqual(input) ? 0 : 1;
            accepted += isAccepted(mutant) ? 1 : 0;
        }

        Assert.InRange(changed, 800, 1_000);
        return accepted;
    }

    private static FuzzTarget Target(DelegateParser.Body body) => new("test", "a test", FuzzShape.Bytes, () => new DelegateParser(body)) { Corpus = "packets" };
}
