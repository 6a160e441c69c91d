using OrleansUem.Dtls;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>
/// A datagram that reaches an established session from anybody who can forge a sender address: nothing that does not authenticate ends the session, and after it the far end's next datagram still gets
/// through.
/// </summary>
internal sealed class DtlsRecordsParser : FuzzParser
{
    private const int InputsPerSession = 4_096;

    private readonly DtlsPeers _peers = new();
    private readonly byte[] _plaintext = new byte[80_000];
    private readonly DtlsPeers.Wire _wire = new();
    private DtlsSession _client;
    private DtlsSession _server;
    private int _inputs;

    public DtlsRecordsParser() => (_client, _server) = Connect();

    // Records of this session: a mutant of one is not the record that was sent, and must not pass.
    public override IReadOnlyList<byte[]> Seeds
    {
        get
        {
            _client.Write([1, 2, 3]);
            var first = _wire.Air.Dequeue().Datagram;
            _client.Write(new byte[1_200]);
            var second = _wire.Air.Dequeue().Datagram;
            return [first, second, [.. first, .. second], [21, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 9, 0, 26, .. new byte[26]], [22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 9, 0, 12, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]];
        }
    }

    public override bool Take(ReadOnlySpan<byte> input)
    {
        if (++_inputs % InputsPerSession == 0)
        {
            _client.Dispose();
            _server.Dispose();
            (_client, _server) = Connect();
        }

        var isAccepted = Receive(input) > 0;
        Require(_server.State == DtlsState.Established, $"A datagram ended the session: {_server.State} {_server.FailureDetail}.");
        if (_inputs % 64 == 0)
        {
            Require(_client.Write([42]) == DtlsWriteResult.Sent && Receive(_wire.Air.Dequeue().Datagram) == 1, "The far end's datagram does not get through any more.");
        }

        Require(_wire.Air.Count == 0, "The session answered a datagram that does not authenticate.");
        return isAccepted;
    }

    protected override void Close()
    {
        _client.Dispose();
        _server.Dispose();
        _peers.Dispose();
    }

    private int Receive(ReadOnlySpan<byte> datagram)
    {
        var count = 0;
        var result = _server.Receive(datagram, _plaintext, DtlsPeers.Now);
        while (true)
        {
            count += result.Status == DtlsReadStatus.ApplicationData ? 1 : 0;
            if (!result.HasMore)
            {
                return count;
            }

            result = _server.ReceiveNext(_plaintext);
        }
    }

    private (DtlsSession Client, DtlsSession Server) Connect()
    {
        var client = _peers.Client.CreateSession(_wire.To(server: true));
        var server = _peers.Server.CreateSession(_wire.To(server: false));
        server.Start(DtlsPeers.Now);
        client.Start(DtlsPeers.Now);
        while (_wire.Air.TryDequeue(out var next))
        {
            (next.ToServer ? server : client).Receive(next.Datagram, _plaintext, DtlsPeers.Now);
        }

        Require(client.State == DtlsState.Established && server.State == DtlsState.Established, $"No handshake: {client.FailureDetail} {server.FailureDetail}");
        return (client, server);
    }
}
