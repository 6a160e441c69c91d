using System.Buffers.Binary;
using OrleansUem.Dtls;

namespace OrleansUem.LoadTest.Fuzz.Targets;

/// <summary>
/// A handshake between two real ends with somebody on the path. The input is what that somebody does: six bytes for each datagram in turn, what to do, where (two bytes), which value, how much (two bytes). Both
/// ends come to a known state, a failure has words, and when both are up they agree.
/// </summary>
internal sealed class DtlsHandshakeParser : FuzzParser
{
    private const int StepBytes = 6;
    private const int MaxDatagrams = 64;

    private readonly DtlsPeers _peers = new();
    private readonly byte[] _plaintext = new byte[80_000];

    public override IReadOnlyList<byte[]> Seeds =>
    [
        [],
        [0, 0, 0, 0, 0, 0, 1, 0, 60, 1, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 200, 7, 0, 0],
        [4, 0, 30, 0, 0, 0, 5, 0, 0, 0, 0, 40, 2, 0, 13, 255, 0, 2],
        [3, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 7, 0, 0, 9, 0, 99],
    ];

    public override bool Take(ReadOnlySpan<byte> input)
    {
        var wire = new DtlsPeers.Wire();
        using var client = _peers.Client.CreateSession(wire.To(server: true));
        using var server = _peers.Server.CreateSession(wire.To(server: false));
        server.Start(DtlsPeers.Now);
        client.Start(DtlsPeers.Now);
        byte[]? held = null;
        for (var i = 0; i < MaxDatagrams && wire.Air.TryDequeue(out var next); i++)
        {
            var step = input.Length >= (i + 1) * StepBytes ? input.Slice(i * StepBytes, StepBytes) : default;
            var session = next.ToServer ? server : client;
            foreach (var datagram in Interfere(step, next.Datagram, ref held))
            {
                session.Receive(datagram, _plaintext, DtlsPeers.Now);
            }
        }

        Check(client);
        Check(server);
        var isUp = client.State == DtlsState.Established && server.State == DtlsState.Established;
        Require(!isUp || client.CipherSuite == server.CipherSuite, "Both ends are up and disagree.");
        return isUp;
    }

    protected override void Close() => _peers.Dispose();

    private static void Check(DtlsSession session)
    {
        Require(session.State is DtlsState.Handshaking or DtlsState.Established or DtlsState.Failed or DtlsState.PeerClosed, $"The session is {session.State}.");
        Require(session.State != DtlsState.Failed || session.FailureDetail.Length > 0, "A failure without words.");
    }

    private static List<byte[]> Interfere(ReadOnlySpan<byte> step, byte[] datagram, ref byte[]? held)
    {
        if (step.IsEmpty || datagram.Length == 0)
        {
            return [datagram];
        }

        var at = BinaryPrimitives.ReadUInt16BigEndian(step[1..]) % datagram.Length;
        var count = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(step[4..]), datagram.Length - at);
        var changed = (byte[])datagram.Clone();
        switch (step[0] % 8)
        {
            case 1:
                changed[at] ^= step[3];
                return [changed];
            case 2:
                changed.AsSpan(at, count).Fill(step[3]);
                return [changed];
            case 3:
                return [datagram, datagram];
            case 4:
                return [datagram[..at]];
            case 5:
                return [[.. datagram, .. datagram.AsSpan(at, count)]];
            case 6:
                // Two change places.
                var earlier = held;
                held = datagram;
                return earlier is null ? [] : [datagram, earlier];
            case 7:
                return [[.. datagram.AsSpan(0, at), .. datagram.AsSpan(at + count)]];
            default:
                return [datagram];
        }
    }
}
