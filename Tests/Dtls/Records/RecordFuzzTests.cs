using OrleansUem.Dtls.Native;
using OrleansUem.Dtls.Records;
using OrleansUem.Tests.Repo;
using Xunit;

namespace OrleansUem.Tests.Dtls.Records;

/// <summary>Hostile bytes: no exception, nothing opened, and the next good record still opens.</summary>
public sealed class RecordFuzzTests
{
    private const ushort SuiteId = 0xC02B;

    private static readonly byte[] Key = new byte[16];
    private static readonly byte[] Salt = new byte[4];

    /// <summary>Tests/Corpus/records.hex, a line for each input: its name and bytes; each also mutated with fixed seeds.</summary>
    [Fact]
    public void Open_Corpus_NothingOpensAndNothingThrows()
    {
        using var sealer = NewSealer();
        using var opener = new RecordOpener(RecordCipher.ForOpening(RecordSuite.Of(SuiteId)!, Key, Salt), epoch: 1);
        foreach (var line in File.ReadAllLines(Path.Combine(Repository.Root, "Tests", "Corpus", "records.hex")))
        {
            var parts = line.Split(' ');
            for (var seed = 0; seed < 300; seed++)
            {
                var datagram = Mutate(Convert.FromHexString(parts.ElementAtOrDefault(1) ?? ""), seed);
                OpenAll(opener, datagram, $"{parts[0]}, seed {seed}");
            }

            AssertStillOpens(sealer, opener, parts[0]);
        }
    }

    [Fact]
    public void Open_MutatedGoodRecords_OnlyTheUntouchedOpen()
    {
        using var sealer = NewSealer();
        using var opener = new RecordOpener(RecordCipher.ForOpening(RecordSuite.Of(SuiteId)!, Key, Salt), epoch: 1);
        var random = new Random(17);
        for (var i = 0; i < 20_000; i++)
        {
            var record = new byte[random.Next(0, 200) + RecordSealer.OverheadBytes];
            sealer.Seal(record.AsSpan(21, record.Length - RecordSealer.OverheadBytes), record);
            var mutant = record.ToArray();
            mutant[random.Next(mutant.Length)] ^= (byte)random.Next(1, 256);
            Assert.True(opener.Open(mutant, out _) >= RecordOutcome.Handshake, $"record {i}");
            Assert.True(opener.Open(record, out _) == RecordOutcome.Data, $"record {i}");
        }
    }

    private static RecordSealer NewSealer()
    {
        var cipher = RecordCipher.ForSealing(RecordSuite.Of(SuiteId)!, Key, Salt, usedFirst: 0, usedCount: 0, out var firstNonce);
        return new RecordSealer(cipher, epoch: 1, firstSequence: 0, firstNonce);
    }

    private static void OpenAll(RecordOpener opener, byte[] datagram, string where)
    {
        var buffer = new byte[20_000];
        ReadOnlySpan<byte> rest = datagram;
        while (DtlsRecord.TryTake(ref rest, out var record))
        {
            Assert.True(opener.Open(record.Bytes, buffer, out var plaintext) >= RecordOutcome.Handshake && plaintext.IsEmpty, where);
        }

        Assert.True(opener.Open(datagram, buffer, out _) >= RecordOutcome.Handshake, where);
    }

    private static void AssertStillOpens(RecordSealer sealer, RecordOpener opener, string where)
    {
        var record = new byte[40];
        var bytes = sealer.Seal([1, 2, 3], record);
        Assert.True(opener.Open(record.AsSpan(0, bytes), out _) == RecordOutcome.Data, where);
    }

    private static byte[] Mutate(byte[] input, int seed)
    {
        if (seed == 0 || input.Length == 0)
        {
            return input;
        }

        var random = new Random(seed);
        var bytes = random.Next(4) == 0 ? input[..random.Next(1, input.Length + 1)] : input.ToArray();
        for (var i = random.Next(1, 5); i > 0; i--)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        return bytes;
    }
}
