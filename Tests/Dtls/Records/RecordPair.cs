using OrleansUem.Dtls;
using OrleansUem.Dtls.Records;
using Xunit;

namespace OrleansUem.Tests.Dtls.Records;

/// <summary>An established pair, of which one end's records can be taken from libssl while the other end stays as the oracle.</summary>
internal sealed class RecordPair : IDisposable
{
    private readonly DtlsPair _pair;

    public RecordPair(DtlsRole taken, bool isAes256 = false, SimulatedLink? link = null)
    {
        Taken = taken;
        _pair = new DtlsPair(link, Options(DtlsRole.Client, isAes256), Options(DtlsRole.Server, isAes256));
        _pair.Handshake();
        Assert.Equal(DtlsState.Established, _pair.Client.State);
        Assert.Equal(DtlsState.Established, _pair.Server.State);
    }

    public DtlsRole Taken { get; }

    public DtlsPair Sessions => _pair;

    public DtlsSession TakenSession => Taken == DtlsRole.Client ? _pair.Client : _pair.Server;

    public DtlsSession Oracle => Taken == DtlsRole.Client ? _pair.Server : _pair.Client;

    public List<byte[]> OracleReceived => Taken == DtlsRole.Client ? _pair.ServerReceived : _pair.ClientReceived;

    /// <summary>What libssl makes of a datagram of ours.</summary>
    public void DeliverToOracle(ReadOnlySpan<byte> datagram) => _pair.Deliver(datagram, toServer: Taken == DtlsRole.Client);

    /// <summary>Lets libssl seal one record.</summary>
    public byte[] SealByOracle(ReadOnlySpan<byte> plaintext)
    {
        Assert.Equal(DtlsWriteResult.Sent, Oracle.Write(plaintext));
        var (datagram, _) = _pair.Link.Take();
        _pair.Link.Sent.Clear();
        return datagram;
    }

    public static byte[] Seal(RecordSealer sealer, ReadOnlySpan<byte> plaintext)
    {
        var record = new byte[plaintext.Length + RecordSealer.OverheadBytes];
        Assert.Equal(record.Length, sealer.Seal(plaintext, record));
        return record;
    }

    public void Dispose() => _pair.Dispose();

    private static DtlsContextOptions Options(DtlsRole role, bool isAes256) => new()
    {
        Role = role,
        Certificate = role == DtlsRole.Client ? DtlsCertificates.Device : DtlsCertificates.Node,
        PeerVerifier = DtlsPair.AcceptAny,
        MaxDatagramBytes = DtlsContextOptions.MaxDatagramBytesMax,
        RequireAes256 = isAes256,
    };
}
