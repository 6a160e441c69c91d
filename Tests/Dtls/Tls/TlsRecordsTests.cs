using OrleansUem.Dtls.Native;
using OrleansUem.Dtls.Tls;
using Xunit;

namespace OrleansUem.Tests.Dtls.Tls;

/// <summary>TLS 1.3 records against RFC 8448 §3, "Simple 1-RTT Handshake".</summary>
public sealed class TlsRecordsTests
{
    private const string ClientSecret = "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
    private const string ServerSecret = "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";

    private const string ClientRecord =
        "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4";

    // The second of the server: its session ticket was the first.
    private const string ServerRecord =
        "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d";

    private static readonly byte[] Data = [.. Enumerable.Range(0, 50).Select(value => (byte)value)];

    [Fact]
    public void Open_TheClientsRecordOfTheRfc_IsItsData()
    {
        using var records = Create();

        Assert.Equal(TlsRecordOutcome.Data, records.Open(Convert.FromHexString(ClientRecord), out var plaintext));

        Assert.Equal(Data, plaintext.ToArray());
    }

    [Fact]
    public void Seal_TheServersDataOfTheRfc_IsItsRecord()
    {
        using var records = Create();
        var record = new byte[TlsRecords.SealedBytesMax(Data.Length)];
        records.Seal(Data, record);

        var bytes = records.Seal(Data, record);

        Assert.Equal(ServerRecord, Convert.ToHexStringLower(record.AsSpan(0, bytes)));
    }

    [Fact]
    public void Open_TheSameRecordTwice_DoesNotAuthenticate()
    {
        using var records = Create();
        records.Open(Convert.FromHexString(ClientRecord), out _);

        Assert.Equal(TlsRecordOutcome.Broken, records.Open(Convert.FromHexString(ClientRecord), out var plaintext));

        Assert.True(plaintext.IsEmpty);
    }

    [Fact]
    public void Seal_AfterDispose_GivesNothing()
    {
        var records = Create();
        records.Dispose();

        Assert.Equal(0, records.Seal(Data, new byte[TlsRecords.SealedBytesMax(Data.Length)]));
        Assert.Equal(TlsRecordOutcome.Broken, records.Open(Convert.FromHexString(ClientRecord), out _));
    }

    /// <summary>Two servers stand against each other: what one seals with its secret the other opens as its client's.</summary>
    [Fact]
    public void Seal_MoreThanAKeyIsToProtect_RenewsBothWays()
    {
        using var one = new TlsRecords(RecordSuite.Of(0x1301)!, Convert.FromHexString(ClientSecret), Convert.FromHexString(ServerSecret), recordsBeforeUpdate: 10);
        using var other = new TlsRecords(RecordSuite.Of(0x1301)!, Convert.FromHexString(ServerSecret), Convert.FromHexString(ClientSecret), recordsBeforeUpdate: 1_000);
        var updates = 0;
        for (var i = 0; i < 100; i++)
        {
            updates += Pass(one, other, i) + (Pass(other, one, i) << 16);
        }

        // The first renews its own ten times and asks for the other's, who never would by itself.
        Assert.InRange(updates & 0xFFFF, 9, 20);
        Assert.InRange(updates >> 16, 8, 11);
    }

    [Fact]
    public void Open_ManyRecordsWithoutData_IsTheEnd()
    {
        using var client = new TlsRecords(RecordSuite.Of(0x1301)!, Convert.FromHexString(ServerSecret), Convert.FromHexString(ClientSecret));
        using var server = Create();
        var record = new byte[TlsRecords.SealedBytesMax(1)];
        TlsRecordOutcome Pass(params byte[] data) => server.Open(record.AsSpan(0, client.Seal(data, record)), out _);
        for (var i = 0; i < 32; i++)
        {
            Assert.Equal(TlsRecordOutcome.Data, Pass());
        }

        Assert.Equal(TlsRecordOutcome.Data, Pass(1));
        for (var i = 0; i < 32; i++)
        {
            Assert.Equal(TlsRecordOutcome.Data, Pass());
        }

        Assert.Equal(TlsRecordOutcome.Broken, Pass());
    }

    // Returns the updates that came before the data.
    private static int Pass(TlsRecords from, TlsRecords to, int number)
    {
        var records = new byte[TlsRecords.SealedBytesMax(1)];
        var rest = records.AsSpan(0, from.Seal([(byte)number], records));
        for (var updates = 0; ; updates++)
        {
            var bytes = TlsRecords.HeaderBytes + TlsRecords.BodyBytes(rest);
            var outcome = to.Open(rest[..bytes], out var plaintext);
            rest = rest[bytes..];
            if (outcome == TlsRecordOutcome.Data)
            {
                Assert.Equal((byte)number, Assert.Single(plaintext.ToArray()));
                Assert.True(rest.IsEmpty);
                return updates;
            }

            Assert.Equal(TlsRecordOutcome.Nothing, outcome);
        }
    }

    [Theory]
    [InlineData("1703030011", 17)]
    [InlineData("1703030010", -1)] // not even a type beside the tag
    [InlineData("1703034100", 16_640)]
    [InlineData("1703034101", -1)]
    [InlineData("1403030001", -1)]
    [InlineData("1603030011", -1)]
    public void BodyBytes_OfAHeader_IsWithinItsBounds(string header, int expected) => Assert.Equal(expected, TlsRecords.BodyBytes(Convert.FromHexString(header)));

    private static TlsRecords Create() => new(RecordSuite.Of(0x1301)!, Convert.FromHexString(ClientSecret), Convert.FromHexString(ServerSecret));
}
