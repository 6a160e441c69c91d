using OrleansUem.Dtls;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>
/// A datagram of an unknown address at the front of an open UDP port: <see cref="DtlsCookieListener"/>. An answer is never longer than the question, and a session is made for nothing but a cookie that
/// this port gave to this address. The cookie's secret is new in every run.
/// </summary>
internal sealed class DtlsFirstFlightParser : FuzzParser
{
    private static readonly byte[] Address = [203, 0, 113, 7, 0x12, 0x34];

    private readonly DtlsPeers _peers = new();
    private readonly DtlsCookieListener _listener;
    private readonly Answer _answer = new();
    private readonly byte[] _first;
    private readonly byte[] _second;

    public DtlsFirstFlightParser()
    {
        _listener = new DtlsCookieListener(_peers.Server, new DtlsCookieSecrets());
        var wire = new DtlsPeers.Wire();
        using var client = _peers.Client.CreateSession(wire.To(server: true));
        client.Start(DtlsPeers.Now);
        _first = wire.Air.Dequeue().Datagram;
        Require(_listener.Offer(_first, Address, _answer, DtlsPeers.Now) is null && _answer.Datagram is not null, "No cookie for a good ClientHello.");
        client.Receive(_answer.Datagram, new byte[2_000], DtlsPeers.Now);
        _second = wire.Air.Dequeue().Datagram;
    }

    public override IReadOnlyList<byte[]> Seeds => [_first, _second];

    public override bool Take(ReadOnlySpan<byte> input)
    {
        _answer.Datagram = null;
        using var session = _listener.Offer(input, Address, _answer, DtlsPeers.Now);
        if (session is null)
        {
            Require(_answer.Datagram is null || _answer.Datagram.Length <= input.Length, "The port answers with more than it was asked with.");
            return _answer.Datagram is not null;
        }

        using var stranger = _listener.Offer(input, new byte[] { 203, 0, 113, 8, 0x12, 0x34 }, _answer, DtlsPeers.Now);
        Require(stranger is null, "A cookie of another address was taken.");
        return true;
    }

    protected override void Close()
    {
        _listener.Dispose();
        _peers.Dispose();
    }

    private sealed class Answer : IDtlsOutput
    {
        public byte[]? Datagram { get; set; }

        public void Send(ReadOnlySpan<byte> datagram) => Datagram = datagram.ToArray();
    }
}
