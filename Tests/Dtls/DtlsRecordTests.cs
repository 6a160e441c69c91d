using OrleansUem.Dtls;
using Xunit;

namespace OrleansUem.Tests.Dtls;

public sealed class DtlsRecordTests
{
    [Theory]
    [InlineData(256)]
    [InlineData(300)]
    [InlineData(512)]
    [InlineData(1_280)]
    [InlineData(1_400)]
    [InlineData(4_000)]
    [InlineData(9_000)]
    [InlineData(16_421)]
    public void Session_AnyLimit_NoDatagramIsLonger(int maxDatagramBytes)
    {
        var server = new DtlsContextOptions
        {
            Role = DtlsRole.Server,
            Certificate = DtlsCertificates.LargeNode,
            PeerVerifier = DtlsPair.AcceptAny,
            MaxDatagramBytes = maxDatagramBytes,
        };
        using var pair = new DtlsPair(null, DtlsPair.ClientOptions(maxDatagramBytes: maxDatagramBytes), server);

        pair.Handshake();
        Assert.Equal(DtlsState.Established, pair.Client.State);
        Assert.Equal(DtlsWriteResult.Sent, pair.Server.Write(new byte[pair.Server.MaxPlaintextBytes]));
        pair.Run();
        pair.Server.Close();
        pair.Run();

        Assert.Equal(maxDatagramBytes - 37, pair.Server.MaxPlaintextBytes);
        Assert.Equal(pair.Server.MaxPlaintextBytes, Assert.Single(pair.ClientReceived).Length);
        Assert.All(pair.Link.Sent, sent => Assert.InRange(sent.Datagram.Length, 1, maxDatagramBytes));
        Assert.Contains(pair.Link.Sent, sent => sent.Datagram.Length == maxDatagramBytes);
    }

    [Fact]
    public void Write_TooLongOrEmpty_IsValueErrorAndLosesNothing()
    {
        using var pair = DtlsPair.Established();
        pair.Link.Sent.Clear();

        Assert.Equal(DtlsWriteResult.TooLong, pair.Client.Write(new byte[pair.Client.MaxPlaintextBytes + 1]));
        Assert.Equal(DtlsWriteResult.Empty, pair.Client.Write([]));
        Assert.Empty(pair.Link.Sent);

        Assert.Equal(DtlsWriteResult.Sent, pair.Client.Write([7]));
        pair.Run();
        Assert.Equal([7], Assert.Single(pair.ServerReceived));
    }

    [Fact]
    public void Write_OneRecord_EmitsOneDatagramWithoutThePlaintext()
    {
        using var pair = DtlsPair.Established();
        pair.Link.Sent.Clear();
        var marker = "a marker that must not be seen"u8.ToArray();

        pair.Client.Write(marker);

        var datagram = Assert.Single(pair.Link.Sent).Datagram;
        Assert.Equal(marker.Length + DtlsContextOptions.RecordOverheadBytes, datagram.Length);
        Assert.Equal(-1, datagram.AsSpan().IndexOf(marker));
    }

    [Fact]
    public void Receive_ReplayedRecord_IsIgnored()
    {
        using var pair = DtlsPair.Established();
        pair.Client.Write([1]);
        var record = pair.Link.Sent[^1].Datagram;
        pair.Run();

        pair.Deliver(record, toServer: true);
        pair.Deliver(record, toServer: true);

        Assert.Single(pair.ServerReceived);
        Assert.Equal(2, pair.Server.DatagramsIgnored);
        Assert.Equal(DtlsState.Established, pair.Server.State);
    }

    [Fact]
    public void Receive_EveryBitOfARecordFlipped_IsIgnored()
    {
        using var pair = DtlsPair.Established();
        pair.Client.Write([1, 2, 3]);
        var (record, _) = pair.Link.Take();

        for (var bit = 0; bit < record.Length * 8; bit++)
        {
            var corrupt = record.ToArray();
            corrupt[bit / 8] ^= (byte)(1 << (bit % 8));
            pair.Deliver(corrupt, toServer: true);
            Assert.True(pair.Server.State == DtlsState.Established, $"bit {bit}: {pair.Server.State} {pair.Server.FailureDetail}");
        }

        Assert.Empty(pair.ServerReceived);
        pair.Deliver(record, toServer: true);
        Assert.Equal([1, 2, 3], Assert.Single(pair.ServerReceived));
    }

    [Fact]
    public void Receive_SeveralRecordsInOneDatagram_ReturnsEach()
    {
        using var pair = DtlsPair.Established();
        var datagram = JoinedRecords(pair, 3);

        pair.Deliver(datagram, toServer: true);

        Assert.Equal([[0], [1], [2]], pair.ServerReceived);
    }

    [Fact]
    public void Receive_UnreadRecordsLeft_AreDroppedAndCounted()
    {
        using var pair = DtlsPair.Established();
        var joined = JoinedRecords(pair, 3);
        pair.Client.Write([9]);
        var next = pair.Link.Sent[^1].Datagram;
        var buffer = new byte[2_000];

        Assert.Equal(new DtlsReadResult(DtlsReadStatus.ApplicationData, 1, true), pair.Server.Receive(joined, buffer, pair.Link.Now));
        Assert.Equal(new DtlsReadResult(DtlsReadStatus.ApplicationData, 1, false), pair.Server.Receive(next, buffer, pair.Link.Now));

        Assert.Equal(9, buffer[0]);
        Assert.Equal(2, pair.Server.UnreadRecordsDropped);
    }

    [Fact]
    public void Receive_InPlace_Decrypts()
    {
        using var pair = DtlsPair.Established();
        pair.Client.Write("in place"u8);
        var buffer = pair.Link.Sent[^1].Datagram;

        var result = pair.Server.Receive(buffer, buffer, pair.Link.Now);

        Assert.Equal(DtlsReadStatus.ApplicationData, result.Status);
        Assert.True(buffer.AsSpan(0, result.PlaintextBytes).SequenceEqual("in place"u8));
    }

    [Fact]
    public void Receive_ShortBuffer_IsCallersError()
    {
        using var pair = DtlsPair.Established();

        Assert.Throws<ArgumentException>(() => pair.Server.Receive(new byte[100], new byte[99], pair.Link.Now));
    }

    [Fact]
    public void Receive_DataBeforeTheHandshakeEnds_IsDeliveredAfterIt()
    {
        // The client is done when the server's last flight arrives; that flight and the server's first record change
        // places.
        using var pair = new DtlsPair();
        var held = new List<byte[]>();
        pair.Server.Start(pair.Link.Now);
        pair.Client.Start(pair.Link.Now);
        while (pair.Server.State != DtlsState.Established)
        {
            var (datagram, toServer) = pair.Link.Take();
            pair.Deliver(datagram, toServer);
        }

        Assert.Equal(DtlsState.Handshaking, pair.Client.State);
        while (pair.Link.NextArrival is not null)
        {
            held.Add(pair.Link.Take().Datagram);
        }

        pair.Server.Write([1]);
        pair.Deliver(pair.Link.Take().Datagram, toServer: false);
        Assert.Empty(pair.ClientReceived);
        foreach (var datagram in held)
        {
            pair.Deliver(datagram, toServer: false);
        }

        Assert.Equal(DtlsState.Established, pair.Client.State);
        Assert.Equal([1], Assert.Single(pair.ClientReceived));
    }

    [Fact]
    public void Close_Established_PeerSeesCloseNotify()
    {
        using var pair = DtlsPair.Established();

        pair.Client.Close();
        pair.Run();

        Assert.Equal(DtlsState.Closed, pair.Client.State);
        Assert.Equal(DtlsState.PeerClosed, pair.Server.State);
        Assert.Equal(DtlsFailure.None, pair.Server.Failure);
        Assert.Equal(DtlsWriteResult.NotEstablished, pair.Server.Write([1]));
        pair.Server.Close();
        pair.Run();
        Assert.Equal(DtlsState.Closed, pair.Server.State);
        Assert.Equal(DtlsReadStatus.Closed, pair.Client.Receive(new byte[10], new byte[10], pair.Link.Now).Status);
    }

    [Fact]
    public void WriteAndReceive_Established_AllocateNothing()
    {
        using var client = DtlsContext.Create(DtlsPair.ClientOptions());
        using var server = DtlsContext.Create(DtlsPair.ServerOptions());
        using var mailbox = new Mailbox(client, server);
        var plaintext = new byte[1_200];
        Exchange(mailbox, plaintext, count: 200);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Exchange(mailbox, plaintext, count: 1_000);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Exchange(Mailbox mailbox, byte[] plaintext, int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (mailbox.Client.Write(plaintext) != DtlsWriteResult.Sent || mailbox.Read().PlaintextBytes != plaintext.Length)
            {
                Assert.Fail("a record was lost");
            }
        }
    }

    private static byte[] JoinedRecords(DtlsPair pair, int count)
    {
        pair.Link.Sent.Clear();
        pair.Link.Lose = (_, _) => true;
        for (var i = 0; i < count; i++)
        {
            pair.Client.Write([(byte)i]);
        }

        pair.Link.Lose = null;
        return [.. pair.Link.Sent.SelectMany(sent => sent.Datagram)];
    }

    /// <summary>A pair whose outputs copy into one buffer each, so that the test itself allocates nothing.</summary>
    private sealed class Mailbox : IDisposable
    {
        private readonly Slot _toServer = new();
        private readonly Slot _toClient = new();
        private readonly byte[] _plaintext = new byte[4_000];

        public Mailbox(DtlsContext client, DtlsContext server)
        {
            Client = client.CreateSession(_toServer);
            Server = server.CreateSession(_toClient);
            Client.Start(TimeSpan.Zero);
            while (Client.State == DtlsState.Handshaking)
            {
                Feed(Server, _toServer);
                Feed(Client, _toClient);
            }
        }

        public DtlsSession Client { get; }

        public DtlsSession Server { get; }

        public DtlsReadResult Read()
        {
            var result = Server.Receive(_toServer.Bytes.AsSpan(0, _toServer.Ends[0]), _plaintext, TimeSpan.Zero);
            _toServer.Count = 0;
            return result;
        }

        public void Dispose()
        {
            Client.Dispose();
            Server.Dispose();
        }

        private void Feed(DtlsSession session, Slot slot)
        {
            var start = 0;
            var count = slot.Count;
            slot.Count = 0;
            for (var i = 0; i < count; i++)
            {
                session.Receive(slot.Bytes.AsSpan(start..slot.Ends[i]), _plaintext, TimeSpan.Zero);
                start = slot.Ends[i];
            }
        }
    }

    private sealed class Slot : IDtlsOutput
    {
        public byte[] Bytes { get; } = new byte[20_000];

        public int[] Ends { get; } = new int[20];

        public int Count { get; set; }

        public void Send(ReadOnlySpan<byte> datagram)
        {
            var start = Count == 0 ? 0 : Ends[Count - 1];
            datagram.CopyTo(Bytes.AsSpan(start));
            Ends[Count++] = start + datagram.Length;
        }
    }
}
