using System.Buffers.Binary;
using OrleansUem.Dtls;
using OrleansUem.Dtls.Records;
using Xunit;

namespace OrleansUem.Tests.Dtls.Records;

/// <summary>Our records against libssl's, which is the other end of each session here.</summary>
public sealed class RecordOracleTests
{
    private readonly byte[] _plaintext = new byte[RecordLimits.PlaintextBytesMax];

    public RecordOracleTests() => new Random(11).NextBytes(_plaintext);

    public static TheoryData<DtlsRole, bool> Ends() => new()
    {
        { DtlsRole.Client, false },
        { DtlsRole.Client, true },
        { DtlsRole.Server, false },
        { DtlsRole.Server, true },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public void Open_SealedByLibssl_EveryLength(DtlsRole taken, bool isAes256)
    {
        using var pair = new RecordPair(taken, isAes256);
        Assert.Contains(isAes256 ? "AES256" : "AES128", pair.Oracle.CipherSuite!, StringComparison.Ordinal);
        using var opener = pair.TakenSession.TakeOpener();

        for (var length = 1; length <= RecordLimits.PlaintextBytesMax; length++)
        {
            var record = pair.SealByOracle(_plaintext.AsSpan(0, length));
            Assert.Equal(RecordOutcome.Data, opener.Open(record, out var opened));
            Assert.True(opened.SequenceEqual(_plaintext.AsSpan(0, length)), $"length {length}");
        }

        Assert.Equal(RecordLimits.PlaintextBytesMax, opener.Opened);
        Assert.Equal(default, opener.Rejections);
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public void Seal_OpenedByLibssl_EveryLength(DtlsRole taken, bool isAes256)
    {
        using var pair = new RecordPair(taken, isAes256);
        using var opener = pair.TakenSession.TakeOpener();
        using var sealer = pair.TakenSession.TakeSealer();
        Assert.Equal(DtlsState.TakenOver, pair.TakenSession.State);
        var record = new byte[RecordLimits.PlaintextBytesMax + RecordSealer.OverheadBytes];

        // An empty record is legal; libssl skips it and goes on.
        Assert.Equal(RecordSealer.OverheadBytes, sealer.Seal([], record));
        pair.DeliverToOracle(record.AsSpan(0, RecordSealer.OverheadBytes));
        Assert.Empty(pair.OracleReceived);

        for (var length = 1; length <= RecordLimits.PlaintextBytesMax; length++)
        {
            var bytes = sealer.Seal(_plaintext.AsSpan(0, length), record);
            pair.DeliverToOracle(record.AsSpan(0, bytes));
            Assert.True(pair.OracleReceived.Count == 1 && pair.OracleReceived[0].AsSpan().SequenceEqual(_plaintext.AsSpan(0, length)), $"length {length}");
            pair.OracleReceived.Clear();
        }

        Assert.Equal(1, pair.Oracle.DatagramsIgnored);
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public void Seal_AfterLibsslSealed_ContinuesItsNumbersAndRepeatsNoNonce(DtlsRole taken, bool isAes256)
    {
        using var pair = new RecordPair(taken, isAes256);
        for (var i = 0; i < 20; i++)
        {
            // libssl's own data before the take-over: more records of epoch 1 than its Finished.
            Assert.Equal(DtlsWriteResult.Sent, pair.TakenSession.Write([(byte)i]));
        }

        pair.Sessions.Run();
        var toServer = taken == DtlsRole.Client;
        var used = pair.Sessions.Link.Sent.Where(sent => sent.ToServer == toServer).SelectMany(sent => Records(sent.Datagram)).ToList();
        Assert.Equal(21, used.Count);
        using var opener = pair.TakenSession.TakeOpener();
        using var sealer = pair.TakenSession.TakeSealer();

        for (var i = 0; i < 1_000; i++)
        {
            var record = RecordPair.Seal(sealer, [1]);
            pair.DeliverToOracle(record);
            used.AddRange(Records(record));
        }

        Assert.Equal(used.Count, used.Select(record => record.Nonce).Distinct().Count());
        Assert.Equal(Enumerable.Range(0, 1_021).Select(sequence => (ulong)sequence), used.Select(record => record.Sequence));
        Assert.Equal(1_020, pair.OracleReceived.Count);
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public void Alerts_BothWays_AreUnderstood(DtlsRole taken, bool isAes256)
    {
        using var pair = new RecordPair(taken, isAes256);
        using var opener = pair.TakenSession.TakeOpener();
        using var sealer = pair.TakenSession.TakeSealer();
        var record = new byte[RecordSealer.OverheadBytes + 2];
        pair.Oracle.Close();
        var closing = pair.Sessions.Link.Sent[^1].Datagram;
        Assert.Equal(RecordOutcome.CloseNotify, opener.Open(closing, out var none));
        Assert.True(none.IsEmpty);

        using var other = new RecordPair(taken, isAes256);
        using var otherOpener = other.TakenSession.TakeOpener();
        using var otherSealer = other.TakenSession.TakeSealer();
        Assert.Equal(record.Length, otherSealer.SealAlert(0, record));
        other.DeliverToOracle(record);
        Assert.Equal(DtlsState.PeerClosed, other.Oracle.State);
    }

    [Fact]
    public void SealAlert_Fatal_EndsLibsslWithItsNumber()
    {
        using var pair = new RecordPair(DtlsRole.Client);
        using var opener = pair.TakenSession.TakeOpener();
        using var sealer = pair.TakenSession.TakeSealer();
        var record = new byte[RecordSealer.OverheadBytes + 2];
        sealer.SealAlert(80, record);
        pair.DeliverToOracle(record);
        Assert.Equal((DtlsState.Failed, DtlsFailure.PeerAlert, (byte?)80), (pair.Oracle.State, pair.Oracle.Failure, pair.Oracle.PeerAlert));
    }

    [Fact]
    public void TakeSealer_OfALaterEpoch_BeginsAtZeroWithFreeNonces()
    {
        using var client = new DtlsPair();
        client.Handshake();
        var finished = client.Link.Sent.SelectMany(sent => Records(sent.Datagram)).Select(record => record.Nonce).ToHashSet();
        using var clientOpener = client.Client.TakeOpener(epoch: 7);
        using var serverOpener = client.Server.TakeOpener(epoch: 7);
        using var clientSealer = client.Client.TakeSealer(epoch: 7);
        using var serverSealer = client.Server.TakeSealer(epoch: 7);
        foreach (var (sealer, opener) in new[] { (clientSealer, serverOpener), (serverSealer, clientOpener) })
        {
            var record = new byte[100];
            var bytes = sealer.Seal([1, 2, 3], record);
            var rest = new ReadOnlySpan<byte>(record, 0, bytes);
            Assert.True(DtlsRecord.TryTake(ref rest, out var header));
            Assert.Equal((7, 0UL), (header.Epoch, header.Sequence));
            Assert.DoesNotContain(BinaryPrimitives.ReadUInt64BigEndian(record.AsSpan(13)), finished);
            Assert.Equal(RecordOutcome.Data, opener.Open(record.AsSpan(0, bytes), out var plaintext));
            Assert.Equal([1, 2, 3], plaintext.ToArray());
        }
    }

    private static List<(ulong Sequence, ulong Nonce)> Records(byte[] datagram)
    {
        List<(ulong, ulong)> records = [];
        ReadOnlySpan<byte> rest = datagram;
        while (DtlsRecord.TryTake(ref rest, out var record))
        {
            if (record.Epoch == 1)
            {
                records.Add((record.Sequence, BinaryPrimitives.ReadUInt64BigEndian(record.Bytes[13..])));
            }
        }

        return records;
    }
}
