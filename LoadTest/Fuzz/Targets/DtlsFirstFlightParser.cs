using OrleansUem.Dtls;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>The first datagram that a node's end of a tunnel gets, of a device or of the relay in its place. The session comes to a known state, a failure has words, and no answer comes to what is no ClientHello.</summary>
internal sealed class DtlsFirstFlightParser : FuzzParser
{
    // RFC 6347 §4.1 and §4.3.2: the record's header, then the type of the handshake message.
    private const int MessageTypeOffset = 13;
    private const byte ClientHello = 1;

    private readonly DtlsPeers _peers = new();
    private readonly byte[] _plaintext = new byte[FrameLimits.MaxPayloadBytes];
    private readonly byte[] _hello;

    public DtlsFirstFlightParser()
    {
        var wire = new DtlsPeers.Wire();
        using var client = _peers.Client.CreateSession(wire.To(server: true));
        client.Start(DtlsPeers.Now);
        _hello = wire.Air.Dequeue().Datagram;
    }

    public override IReadOnlyList<byte[]> Seeds => [_hello];

    public override bool Take(ReadOnlySpan<byte> input)
    {
        if (input.Length > FrameLimits.MaxPayloadBytes)
        {
            // No frame carries it, and the tunnel drops it before it looks.
            return false;
        }

        var wire = new DtlsPeers.Wire();
        using var server = _peers.Server.CreateSession(wire.To(server: false));
        server.Start(DtlsPeers.Now);
        server.Receive(input, _plaintext, DtlsPeers.Now);
        Require(server.State is DtlsState.Handshaking or DtlsState.Failed or DtlsState.PeerClosed, $"The session is {server.State}.");
        Require(server.State != DtlsState.Failed || server.FailureDetail.Length > 0, "A failure without words.");
        var isAnswered = server.State == DtlsState.Handshaking && wire.Air.Count > 0;
        Require(!isAnswered || (input.Length > MessageTypeOffset && input.Contains(ClientHello)), "An answer to what is no ClientHello.");
        return isAnswered;
    }

    protected override void Close() => _peers.Dispose();
}
