using System.Buffers.Binary;
using OrleansUem.Dtls;
using Xunit;

namespace OrleansUem.Tests.Dtls;

/// <summary>Any bytes from the network: no exception, no hang, no growth, and an established session survives all that
/// it cannot authenticate.</summary>
public sealed class DtlsFuzzTests
{
    private static readonly TimeSpan Now = TimeSpan.FromHours(1);

    [Fact]
    public void Receive_RandomBytesOnEstablishedSession_SurvivesUnharmed()
    {
        for (var seed = 1; seed <= 10; seed++)
        {
            var random = new Random(seed);
            using var pair = DtlsPair.Established();
            for (var i = 0; i < 2_000; i++)
            {
                pair.Deliver(RandomDatagram(random, epoch: 1), toServer: (i & 1) == 0);
                Assert.True(
                    pair.Server.State == DtlsState.Established && pair.Client.State == DtlsState.Established,
                    $"seed {seed}, datagram {i}: {pair.Server.FailureDetail} {pair.Client.FailureDetail}");
            }

            pair.Client.Write([42]);
            pair.Run();
            Assert.Equal([42], Assert.Single(pair.ServerReceived));
        }
    }

    [Fact]
    public void Receive_RandomBytesInHandshake_NeverThrows()
    {
        for (var seed = 1; seed <= 300; seed++)
        {
            var random = new Random(seed);
            using var pair = new DtlsPair(new SimulatedLink(seed));
            pair.Server.Start(Now);
            pair.Client.Start(Now);
            for (var i = 0; i < 40; i++)
            {
                pair.Deliver(RandomDatagram(random, epoch: random.Next(2)), toServer: (i & 1) == 0);
            }

            AssertEndsInKnownState(pair, seed);
        }
    }

    [Fact]
    public void Receive_MutatedHandshake_NeverThrows()
    {
        for (var seed = 1; seed <= 300; seed++)
        {
            var random = new Random(seed);
            using var pair = new DtlsPair(new SimulatedLink(seed));
            pair.Server.Start(Now);
            pair.Client.Start(Now);
            for (var i = 0; i < 60 && pair.Link.NextArrival is not null; i++)
            {
                var (datagram, toServer) = pair.Link.Take();
                if (random.Next(3) == 0)
                {
                    Mutate(random, ref datagram);
                }

                pair.Deliver(datagram, toServer);
            }

            AssertEndsInKnownState(pair, seed);
        }
    }

    [Fact]
    public void Receive_EarlyRecordsFlood_IsBounded()
    {
        using var pair = new DtlsPair();
        pair.Server.Start(Now);
        var datagram = new byte[1_200];
        datagram[0] = 23;
        datagram[1] = 0xFE;
        datagram[2] = 0xFD;
        datagram[4] = 1;
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(11), 1_187);

        for (var i = 0; i < 200; i++)
        {
            datagram[10] = (byte)i;
            pair.Deliver(datagram, toServer: true);
        }

        Assert.Equal(200 - 8, pair.Server.EarlyDatagramsDropped);
        pair.Handshake();
        Assert.Equal(DtlsState.Established, pair.Server.State);
        Assert.Equal(DtlsState.Established, pair.Client.State);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(23)]
    public void Receive_EncryptedRecordShorterThanItsTag_DoesNotEndTheSession(int length)
    {
        using var pair = DtlsPair.Established();
        var datagram = new byte[13 + length];
        new byte[] { 23, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 1, 0, 0, (byte)length }.CopyTo(datagram, 0);

        pair.Deliver(datagram, toServer: true);

        Assert.Equal(DtlsState.Established, pair.Server.State);
        Assert.Equal(1, pair.Server.MalformedDatagramsDropped);
    }

    /// <summary>libssl steps over the header of a record that it drops for its version or length, and takes what follows for the next header.</summary>
    [Theory]
    [InlineData("17FEFF00000000000000090026")] // the version of a first ClientHello
    [InlineData("17030300000000000000090026")] // TLS
    [InlineData("17FEFD00000000000000098900")] // longer than a record may be
    [InlineData("17FEFD00000000000000090027")] // longer than the datagram
    public void Receive_RecordThatHidesAShortOne_DoesNotEndTheSession(string header)
    {
        using var pair = DtlsPair.Established();
        byte[] hidden = [23, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 9, 0, 12, .. new byte[12]];
        byte[] datagram = [.. Convert.FromHexString(header), .. new byte[13], .. hidden];

        pair.Deliver(datagram, toServer: true);

        Assert.Equal(DtlsState.Established, pair.Server.State);
        Assert.Equal(1, pair.Server.MalformedDatagramsDropped);
        pair.Client.Write([42]);
        pair.Run();
        Assert.Equal([42], Assert.Single(pair.ServerReceived));
    }

    private static void AssertEndsInKnownState(DtlsPair pair, int seed)
    {
        pair.Run();
        Assert.True(
            pair.Client.State is DtlsState.Handshaking or DtlsState.Established or DtlsState.Failed or DtlsState.PeerClosed,
            $"seed {seed}: {pair.Client.State}");
        Assert.True(pair.Client.State != DtlsState.Failed || pair.Client.FailureDetail.Length > 0, $"seed {seed}");
        Assert.True(pair.Server.State != DtlsState.Failed || pair.Server.FailureDetail.Length > 0, $"seed {seed}");
    }

    /// <summary>Half of them pure noise, half with record headers that libssl takes seriously.</summary>
    private static byte[] RandomDatagram(Random random, int epoch)
    {
        var datagram = new byte[random.Next(0, 400)];
        random.NextBytes(datagram);
        if (random.Next(2) == 0 && datagram.Length >= 13)
        {
            datagram[0] = (byte)random.Next(20, 26);
            datagram[1] = 0xFE;
            datagram[2] = random.Next(8) == 0 ? (byte)0xFF : (byte)0xFD;
            BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(3), (ushort)(random.Next(8) == 0 ? random.Next(4) : epoch));
            datagram.AsSpan(5, 4).Clear();
            var length = random.Next(4) == 0 ? random.Next(0, 64) : datagram.Length - 13;
            BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(11), (ushort)length);
        }

        return datagram;
    }

    private static void Mutate(Random random, ref byte[] datagram)
    {
        switch (random.Next(3))
        {
            case 0:
                datagram[random.Next(datagram.Length)] ^= (byte)random.Next(1, 256);
                break;
            case 1:
                datagram = datagram[..random.Next(datagram.Length)];
                break;
            default:
                datagram = [.. datagram, .. datagram[random.Next(datagram.Length)..]];
                break;
        }
    }
}
