using System.Buffers.Binary;
using OrleansUem.Dtls.Native;
using OrleansUem.Dtls.Records;
using Xunit;

namespace OrleansUem.Tests.Dtls.Records;

/// <summary>Sealer and opener with keys made up here.</summary>
public sealed class RecordRulesTests
{
    private const ushort Aes128Id = 0xC02B;
    private const ushort Aes256Id = 0xC02C;
    private static readonly byte[] Salt = [1, 2, 3, 4];

    [Theory]
    [InlineData(Aes128Id)]
    [InlineData(Aes256Id)]
    public void Seal_KnownKey_IsAesGcmOfTheClassLibrary(ushort suite)
    {
        using var sealer = NewSealer(suite, firstSequence: 9);
        var plaintext = new byte[1_371];
        new Random(3).NextBytes(plaintext);
        var record = new byte[plaintext.Length + RecordSealer.OverheadBytes];
        Assert.Equal(record.Length, sealer.Seal(plaintext, record));

        byte[] header = [23, 0xFE, 0xFD, 0, 5, 0, 0, 0, 0, 0, 9, .. U16(plaintext.Length + 24)];
        Assert.Equal(header, record[..13]);
        byte[] additional = [0, 5, 0, 0, 0, 0, 0, 9, 23, 0xFE, 0xFD, .. U16(plaintext.Length)];
        var opened = new byte[plaintext.Length];
        using var reference = new System.Security.Cryptography.AesGcm(Key(suite), 16);
        byte[] nonce = [.. Salt, .. record[13..21]];
        reference.Decrypt(nonce, record[21..^16], record[^16..], opened, additional);
        Assert.Equal(plaintext, opened);
    }

    [Fact]
    public void Seal_ManyRecords_NoncesCountUp()
    {
        using var sealer = NewSealer();
        using var opener = NewOpener();
        ulong? last = null;
        var record = new byte[64];
        for (var i = 0; i < 100; i++)
        {
            var bytes = sealer.Seal([(byte)i], record);
            var nonce = BinaryPrimitives.ReadUInt64BigEndian(record.AsSpan(13));
            Assert.True(last is null || nonce == unchecked(last.Value + 1));
            last = nonce;
            Assert.Equal(RecordOutcome.Data, opener.Open(record.AsSpan(0, bytes), out var plaintext));
            Assert.Equal([(byte)i], plaintext.ToArray());
        }

        Assert.Equal((100, 99), (sealer.Sealed, opener.HighestSequence));
    }

    [Theory]
    [InlineData(21)]
    [InlineData(0)]
    [InlineData(13)]
    [InlineData(30)]
    public void Seal_PlaintextInsideTheRecordsMemory_Same(int offset)
    {
        using var sealer = NewSealer();
        using var opener = NewOpener();
        var memory = new byte[200];
        new Random(1).NextBytes(memory);
        var expected = memory[offset..(offset + 100)];
        var bytes = sealer.Seal(memory.AsSpan(offset, 100), memory);
        Assert.Equal(RecordOutcome.Data, opener.Open(memory.AsSpan(0, bytes), out var plaintext));
        Assert.Equal(expected, plaintext.ToArray());
    }

    [Fact]
    public void Seal_AtTheLimit_StopsForGood()
    {
        using var cipher = NewCipher(out var firstNonce);
        using var sealer = new RecordSealer(cipher, epoch: 5, firstSequence: 3, firstNonce, recordsMax: 10);
        var record = new byte[64];
        for (var i = 0; i < 10; i++)
        {
            Assert.False(sealer.IsUsedUp);
            Assert.Equal(38, sealer.Seal([1], record));
        }

        Assert.True(sealer.IsUsedUp);
        record.AsSpan().Clear();
        Assert.Equal(0, sealer.Seal([1], record));
        Assert.Equal(0, sealer.SealAlert(0, record));
        Assert.Equal(10, sealer.Sealed);
        Assert.All(record, value => Assert.Equal(0, value));
    }

    [Fact]
    public void Seal_LibcryptoCountsOtherwise_StopsAndLeavesNothing()
    {
        // The cipher's counter stands elsewhere than the sealer was told.
        using var cipher = NewCipher(out var firstNonce);
        using var sealer = new RecordSealer(cipher, epoch: 5, firstSequence: 0, unchecked(firstNonce + 1));
        var record = new byte[64];
        Assert.Equal(0, sealer.Seal([1, 2, 3], record));
        Assert.True(sealer.IsUsedUp);
        Assert.All(record[..40], value => Assert.Equal(0, value));
        Assert.Equal(0, sealer.Seal([1, 2, 3], record));
    }

    [Fact]
    public void Seal_BadLengths_AreTheCallersFault()
    {
        using var sealer = NewSealer();
        Assert.Throws<ArgumentException>(() => sealer.Seal(new byte[RecordLimits.PlaintextBytesMax + 1], new byte[20_000]));
        Assert.Throws<ArgumentException>(() => sealer.Seal(new byte[10], new byte[46]));
        Assert.Equal(0, sealer.Sealed);
    }

    [Fact]
    public void SealAndOpen_AfterDispose_Throw()
    {
        var sealer = NewSealer();
        var opener = NewOpener();
        var record = new byte[64];
        sealer.Seal([1], record);
        sealer.Dispose();
        opener.Dispose();
        Assert.Throws<ObjectDisposedException>(() => sealer.Seal([1], record));
        Assert.Throws<ObjectDisposedException>(() => opener.Open(record.AsSpan(0, 38), out _));
    }

    [Fact]
    public void Open_BadRecords_EachIsCountedByItsCause()
    {
        using var sealer = NewSealer();
        using var opener = NewOpener();
        using var otherEpoch = NewSealer(epoch: 6);
        var good = Sealed(sealer, 1, 2, 3);
        Assert.Equal(RecordOutcome.WrongEpoch, Try(opener, Sealed(otherEpoch, 1)));
        Assert.Equal(RecordOutcome.Malformed, Try(opener, good[..^1]));
        Assert.Equal(RecordOutcome.Malformed, Try(opener, [.. good, 0]));
        Assert.Equal(RecordOutcome.Malformed, Try(opener, []));
        Assert.Equal(RecordOutcome.Malformed, Try(opener, [24, .. good[1..]]));
        Assert.Equal(RecordOutcome.Malformed, Try(opener, [23, 0xFE, 0xFF, .. good[3..]]));
        Assert.Equal(RecordOutcome.Malformed, Try(opener, [23, 0xFE, 0xFD, 0, 5, 0, 0, 0, 0, 0, 1, 0, 23, .. new byte[23]]));
        Assert.Equal(RecordOutcome.Malformed, Try(opener, [23, 0xFE, 0xFD, 0, 5, 0, 0, 0, 0, 0, 1, .. U16(16_384 + 25), .. new byte[16_384 + 25]]));
        Assert.Equal(RecordOutcome.Handshake, Try(opener, [22, .. good[1..]]));
        Assert.Equal(RecordOutcome.NotAuthentic, Try(opener, [21, .. good[1..]]));
        Assert.Equal(RecordOutcome.Data, Try(opener, good));
        Assert.Equal(RecordOutcome.Replayed, Try(opener, good));
        Assert.Equal(new RecordRejections(Replayed: 1, NotAuthentic: 1, WrongEpoch: 1, Malformed: 7), opener.Rejections);
        Assert.Equal(1, opener.Opened);
    }

    [Fact]
    public void Open_AnyBitFlipped_IsRejectedAndTheRecordStillOpens()
    {
        using var sealer = NewSealer();
        using var opener = NewOpener();
        var record = Sealed(sealer, [.. Enumerable.Range(0, 40).Select(i => (byte)i)]);
        for (var bit = 0; bit < record.Length * 8; bit++)
        {
            var corrupt = record.ToArray();
            corrupt[bit / 8] ^= (byte)(1 << (bit % 8));
            var outcome = Try(opener, corrupt);
            Assert.True(outcome >= RecordOutcome.Handshake, $"bit {bit}: {outcome}");
        }

        Assert.Equal(0, opener.Opened);
        Assert.Equal(RecordOutcome.Data, Try(opener, record));
    }

    [Fact]
    public void Open_TooManyForgeries_OpensNoMore()
    {
        using var sealer = NewSealer();
        using var cipher = RecordCipher.ForOpening(RecordSuite.Of(Aes128Id)!, Key(Aes128Id), Salt);
        using var opener = new RecordOpener(cipher, epoch: 5, forgeriesMax: 3);
        var good = Sealed(sealer, 1);
        for (var i = 0; i < 3; i++)
        {
            Assert.False(opener.IsUsedUp);
            Assert.Equal(RecordOutcome.NotAuthentic, Try(opener, [.. good[..^1], (byte)(good[^1] ^ 1)]));
        }

        Assert.True(opener.IsUsedUp);
        Assert.Equal(RecordOutcome.KeyUsedUp, Try(opener, good));
    }

    [Fact]
    public void Open_ReadOnlyRecord_LeavesItAsItIs()
    {
        using var sealer = NewSealer();
        using var opener = NewOpener();
        var record = Sealed(sealer, 4, 5, 6);
        var copy = record.ToArray();
        Assert.Equal(RecordOutcome.Data, opener.Open(record, new byte[100], out var plaintext));
        Assert.Equal([4, 5, 6], plaintext.ToArray());
        Assert.Equal(copy, record);
    }

    [Fact]
    public void TryTake_SeveralRecords_CutsEachAndStopsAtRubbish()
    {
        using var sealer = NewSealer();
        byte[] datagram = [.. Sealed(sealer, 1), .. Sealed(sealer, 2, 2), .. Sealed(sealer), 23, 0xFE, 0xFD, 0];
        ReadOnlySpan<byte> rest = datagram;
        List<ulong> sequences = [];
        while (DtlsRecord.TryTake(ref rest, out var record))
        {
            sequences.Add(record.Sequence);
        }

        Assert.Equal([0UL, 1UL, 2UL], sequences);
        Assert.True(rest.IsEmpty);
    }

    [Fact]
    public void SealAndOpen_Steady_AllocateNothing()
    {
        using var sealer = NewSealer();
        using var opener = NewOpener();
        var plaintext = new byte[1_200];
        var record = new byte[1_300];
        Pass(500);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Pass(5_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(5_500, opener.Opened);

        void Pass(int count)
        {
            for (var i = 0; i < count; i++)
            {
                var bytes = sealer.Seal(plaintext, record);
                opener.Open(record.AsSpan(0, bytes), out _);
                opener.Open(record.AsSpan(0, bytes), out _);
            }
        }
    }

    private static byte[] Key(ushort suite) => [.. Enumerable.Range(1, RecordSuite.Of(suite)!.KeyBytes).Select(i => (byte)i)];

    [Fact]
    public void ForSealing_NoncesInUse_BeginsElsewhere()
    {
        // A 64th of the circle is used up, so a beginning now and then has to be drawn again; all of it leaves none.
        const ulong Used = 1UL << 58;
        for (var i = 0; i < 1_000; i++)
        {
            var usedFirst = unchecked((ulong)i << 57);
            using var cipher = RecordCipher.ForSealing(RecordSuite.Of(Aes128Id)!, Key(Aes128Id), Salt, usedFirst, Used, out var first);
            Assert.True(unchecked(first - usedFirst) >= Used);
            Assert.True(unchecked(first + (ulong)RecordLimits.RecordsMax - 1 - usedFirst) >= Used);
        }

        Assert.Throws<System.Security.Cryptography.CryptographicException>(
            () => RecordCipher.ForSealing(RecordSuite.Of(Aes128Id)!, Key(Aes128Id), Salt, 0, ulong.MaxValue, out _));
    }

    private static RecordCipher NewCipher(out ulong firstNonce, ushort suite = Aes128Id) =>
        RecordCipher.ForSealing(RecordSuite.Of(suite)!, Key(suite), Salt, usedFirst: 0, usedCount: 0, out firstNonce);

    private static RecordSealer NewSealer(ushort suite = Aes128Id, ushort epoch = 5, ulong firstSequence = 0) =>
        new(NewCipher(out var firstNonce, suite), epoch, firstSequence, firstNonce);

    private static RecordOpener NewOpener(ushort suite = Aes128Id) =>
        new(RecordCipher.ForOpening(RecordSuite.Of(suite)!, Key(suite), Salt), epoch: 5);

    private static byte[] Sealed(RecordSealer sealer, params byte[] plaintext)
    {
        var record = new byte[plaintext.Length + RecordSealer.OverheadBytes];
        Assert.Equal(record.Length, sealer.Seal(plaintext, record));
        return record;
    }

    private static RecordOutcome Try(RecordOpener opener, byte[] record) => opener.Open(record.ToArray(), out _);

    private static byte[] U16(int value) => [(byte)(value >> 8), (byte)value];
}
