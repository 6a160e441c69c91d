using System.Buffers.Binary;
using OrleansUem.Dtls;
using OrleansUem.Dtls.Records;
using Xunit;

namespace OrleansUem.Tests.Dtls.Records;

/// <summary>The moment at which records leave libssl, over links that lose, repeat and reorder, on virtual time.</summary>
public sealed class TakeOverTests
{
    public static TheoryData<double, double, int> Links() => new()
    {
        { 0.0, 0.0, 10 },
        { 0.0, 0.5, 200 },
        { 0.2, 0.2, 100 },
        { 0.3, 0.3, 300 },
    };

    [DirectTimerTheory]
    [MemberData(nameof(Links))]
    public void TakeOver_LossyLink_DataPassesBothWaysAndNoNonceRepeats(double loss, double duplication, int maxDelayMs)
    {
        const int Seeds = 60;
        var done = 0;
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var link = new SimulatedLink(seed, loss, duplication, minDelayMs: 5, maxDelayMs);
            using var pair = new DtlsPair(link);
            using var client = new TakeOverEnd(pair.Client, link, toServer: true);
            using var server = new TakeOverEnd(pair.Server, link, toServer: false);
            pair.Server.Start(link.Now);
            pair.Client.Start(link.Now);
            Run(link, client, server);
            if (client.Sealer is null)
            {
                Assert.True(loss > 0, $"seed {seed}: {pair.Client.State} {pair.Client.FailureDetail}");
                continue;
            }

            // The server may send from the client's first record on, and not before.
            Assert.Null(server.Sealer);
            for (byte i = 0; i < 50; i++)
            {
                client.Send(1, i);
                Run(link, client, server);
                if (server.Sealer is not null)
                {
                    server.Send(2, i);
                }
            }

            Run(link, client, server);
            Assert.True(server.Received.Count > 0 && client.Received.Count > 0, $"seed {seed}");
            Assert.Equal(server.Received.Count, server.Received.Select(plaintext => plaintext[1]).Distinct().Count());
            Assert.Equal(client.Received.Count, client.Received.Select(plaintext => plaintext[1]).Distinct().Count());
            AssertNoNonceRepeats(link, toServer: true, seed);
            AssertNoNonceRepeats(link, toServer: false, seed);
            Assert.Equal((DtlsState.TakenOver, DtlsState.TakenOver), (pair.Client.State, pair.Server.State));
            done++;
        }

        Assert.True(done >= Seeds * 9 / 10, $"{done} of {Seeds} at loss {loss}");
    }

    [DirectTimerFact]
    public void Receive_FinalFlightLost_LibsslRepeatsItWhileTheOpenerIsTaken()
    {
        var finals = 0;
        var link = new SimulatedLink(seed: 1) { Lose = (datagram, toServer) => !toServer && datagram[0] == 20 && ++finals <= 3 };
        using var pair = new DtlsPair(link);
        using var client = new TakeOverEnd(pair.Client, link, toServer: true);
        using var server = new TakeOverEnd(pair.Server, link, toServer: false);
        pair.Server.Start(link.Now);
        pair.Client.Start(link.Now);

        Run(link, client, server);

        Assert.Equal(4, finals);
        Assert.NotNull(client.Sealer);
        Assert.NotNull(server.Opener);
        Assert.Null(server.Sealer);
        client.Send(7);
        Run(link, client, server);
        Assert.NotNull(server.Sealer);
        server.Send(8);
        Run(link, client, server);
        Assert.Equal([7], Assert.Single(server.Received));
        Assert.Equal([8], Assert.Single(client.Received));
        AssertNoNonceRepeats(link, toServer: false, seed: 1);
    }

    [DirectTimerFact]
    public void Receive_HandshakeRepeatedAfterTheTakeOver_SendsNothing()
    {
        var link = new SimulatedLink(seed: 1);
        using var pair = new DtlsPair(link);
        using var client = new TakeOverEnd(pair.Client, link, toServer: true);
        using var server = new TakeOverEnd(pair.Server, link, toServer: false);
        pair.Server.Start(link.Now);
        pair.Client.Start(link.Now);
        Run(link, client, server);
        client.Send(1);
        Run(link, client, server);
        var handshake = link.Sent.Where(sent => sent.Datagram[0] != 23).ToList();
        link.Sent.Clear();

        foreach (var (_, datagram, toServer) in handshake)
        {
            (toServer ? server : client).Receive(datagram);
        }

        Assert.Empty(link.Sent);
        Assert.True(server.LateHandshakeRecords > 0 && client.LateHandshakeRecords > 0);
    }

    [Fact]
    public void Receive_DataAfterTheOpenerWasTaken_IsNotReadByLibsslToo()
    {
        using var pair = new RecordPair(DtlsRole.Server);
        using var opener = pair.TakenSession.TakeOpener();
        var record = pair.SealByOracle([1, 2, 3]);
        var buffer = new byte[record.Length];

        Assert.Equal(default, pair.TakenSession.Receive(record, buffer, TimeSpan.Zero));
        Assert.Equal(1, pair.TakenSession.DatagramsIgnored);
        Assert.Equal(RecordOutcome.Data, opener.Open(record.ToArray(), out _));
        Assert.Equal(RecordOutcome.Replayed, opener.Open(record, out _));
    }

    [Fact]
    public void Take_OutOfOrder_IsTheCallersFault()
    {
        using var early = new DtlsPair();
        Assert.Throws<InvalidOperationException>(() => early.Client.TakeOpener());
        using var pair = new RecordPair(DtlsRole.Client);
        Assert.Throws<InvalidOperationException>(() => pair.TakenSession.TakeSealer());
        using var opener = pair.TakenSession.TakeOpener();
        Assert.Throws<InvalidOperationException>(() => pair.TakenSession.TakeOpener());
        using var sealer = pair.TakenSession.TakeSealer();
        Assert.Throws<ObjectDisposedException>(() => pair.TakenSession.TakeSealer());
        Assert.Throws<ObjectDisposedException>(() => pair.TakenSession.Write([1]));
    }

    private static void Run(SimulatedLink link, TakeOverEnd client, TakeOverEnd server)
    {
        for (var step = 0; step < 20_000; step++)
        {
            var timer = new[] { client.NextTimeout, server.NextTimeout }.Min();
            if (link.NextArrival is { } arrival && (timer is null || arrival <= timer))
            {
                var (datagram, toServer) = link.Take();
                (toServer ? server : client).Receive(datagram);
            }
            else if (timer is { } due)
            {
                link.AdvanceTo(due);
                client.HandleTimeout();
                server.HandleTimeout();
            }
            else
            {
                return;
            }
        }

        Assert.Fail($"no rest, seed {link.Seed}");
    }

    private static void AssertNoNonceRepeats(SimulatedLink link, bool toServer, int seed)
    {
        var nonces = new HashSet<ulong>();
        var sequences = new HashSet<ulong>();
        foreach (var (_, datagram, _) in link.Sent.Where(sent => sent.ToServer == toServer))
        {
            ReadOnlySpan<byte> rest = datagram;
            while (DtlsRecord.TryTake(ref rest, out var record))
            {
                if (record.Epoch == 1)
                {
                    Assert.True(nonces.Add(BinaryPrimitives.ReadUInt64BigEndian(record.Bytes[13..])), $"seed {seed}: a nonce repeats");
                    Assert.True(sequences.Add(record.Sequence), $"seed {seed}: a sequence number repeats");
                }
            }
        }
    }
}
