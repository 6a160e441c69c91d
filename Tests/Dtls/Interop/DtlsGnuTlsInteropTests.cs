using System.Diagnostics;
using System.Net;
using System.Text;
using OrleansUem.Dtls;
using OrleansUem.Dtls.Records;
using OrleansUem.Tests.Kit;
using Xunit;

namespace OrleansUem.Tests.Dtls.Interop;

/// <summary>Against gnutls-serv and gnutls-cli, through a relay with and without faults; after the handshake the records are our own, not libssl's.</summary>
[Trait("Category", "E2E")]
public sealed class DtlsGnuTlsInteropTests : DtlsInteropTest
{
    private const string Priority = "NONE:+VERS-DTLS1.2:+ECDHE-ECDSA:+AES-128-GCM:+AES-256-GCM:+AEAD:+COMP-NULL:+SIGN-ECDSA-SHA256:+GROUP-SECP256R1:+CTYPE-X509";

    private static readonly DatagramFaults Poor = new(Loss: 0.15, Duplication: 0.15, Reordering: 0.15);
    private static readonly DatagramFaults Twice = new(Loss: 0, Duplication: 0.5, Reordering: 0);
    private static readonly DatagramFaults Untidy = new(Loss: 0, Duplication: 0.3, Reordering: 0.3);

    [RequiresTheory(Requirement.None, "gnutls-serv", "stdbuf")]
    [InlineData(0)]
    [InlineData(11)]
    [InlineData(12)]
    public async Task Client_AgainstGnuTlsServer_EchoesBigAndSmallRecordsAndCloses(int seed)
    {
        using var peer = await StartServerAsync("--require-client-cert --x509certfile node.cert --x509keyfile node.key", out var port);
        await using var relay = Relay = new FaultyRelay(new IPEndPoint(IPAddress.Loopback, port), seed, seed == 0 ? DatagramFaults.None : Poor);
        using var context = DtlsContext.Create(DtlsPair.ClientOptions(maxDatagramBytes: 1_200));
        using var session = Connect(context, relay.EndPoint);
        await Pump(session, "handshake", () => session.State == DtlsState.Established);
        Assert.Equal(DtlsCertificates.Node.Thumbprint, session.PeerCertificate?.Thumbprint);
        using var opener = session.TakeOpener();
        using var sealer = session.TakeSealer();
        relay.Set(seed == 0 ? DatagramFaults.None : Untidy);

        // Lines of text, since the server prints them. It sends what is longer than 255 bytes back in pieces, which can be put together when they keep their order.
        string[] sent = [.. Enumerable.Range(0, 30).Select(i => $"record {i} {new string('x', i % 3 != 0 ? i : seed == 0 ? 1_100 : 200)}\n")];
        foreach (var text in sent)
        {
            SendSealed(sealer, Encoding.ASCII.GetBytes(text));
        }

        // The first echoes may be back already; they are replayed too.
        relay.Set(DatagramFaults.None, keepsPassed: true);
        var got = new List<string>();
        await OpenUntil(opener, "echoes", (outcome, data) =>
        {
            if (outcome == RecordOutcome.Data)
            {
                got.Add(Encoding.ASCII.GetString(data));
            }

            return got.Sum(text => text.Length) >= sent.Sum(text => text.Length);
        });
        Assert.Equal(
            seed == 0 ? string.Concat(sent) : string.Concat(sent.Order(StringComparer.Ordinal)),
            seed == 0 ? string.Concat(got) : string.Concat(got.Order(StringComparer.Ordinal)));
        Assert.Equal((0, 0), (opener.Rejections.NotAuthentic, opener.Rejections.Malformed));

        // What GnuTLS sent, once more: the window knows each of them.
        var before = opener.Rejections.Replayed;
        var replayed = relay.Replay(toServer: false);
        Assert.True(replayed > 0);
        await OpenUntil(opener, "replays", (outcome, _) => outcome != RecordOutcome.Replayed
            ? throw new InvalidOperationException($"a replay was {outcome}")
            : opener.Rejections.Replayed == before + replayed);

        // It hears the close, and answers with none: its server ends without one.
        SendClose(sealer);
        await WaitForLine(peer, "EOF");
        Assert.True(seed == 0 || relay.FaultCount > 0);
        await Stop(peer);
    }

    [RequiresTheory(Requirement.None, "gnutls-cli", "stdbuf")]
    [InlineData(0)]
    [InlineData(21)]
    [InlineData(22)]
    public async Task Server_AgainstGnuTlsClient_ExchangesDataAndCloses(int seed)
    {
        WritePem("device", DtlsCertificates.Device);
        using var context = DtlsContext.Create(DtlsPair.ServerOptions(maxDatagramBytes: 1_200));
        await using var relay = Relay = new FaultyRelay(Bind(), seed, seed == 0 ? DatagramFaults.None : Poor);
        using var peer = StartClient(relay, "--x509certfile device.cert --x509keyfile device.key");
        using var session = await Accept(context);
        var ready = WaitForLine(peer, "Simple Client Mode");
        await Pump(session, "handshake", () => session.State == DtlsState.Established && ready.IsCompleted, wake: ready);
        await ready;
        Assert.Equal(DtlsCertificates.Device.Thumbprint, session.PeerCertificate?.Thumbprint);
        relay.Set(seed == 0 ? DatagramFaults.None : Twice);
        using var opener = session.TakeOpener();
        var got = "";
        for (var i = 0; i < 10; i++)
        {
            // One by one: what it has read ahead of its select it does not send.
            var line = $"from gnutls {i} {new string('y', i * 100)}\n";
            await peer.StandardInput.WriteAsync(line);
            await peer.StandardInput.FlushAsync(Safety.Token);
            await OpenUntil(opener, line, (outcome, data) =>
            {
                // A late repetition of the handshake belongs to libssl; here its last flight has arrived, since data came.
                got += outcome == RecordOutcome.Data ? Encoding.ASCII.GetString(data) : "";
                return got.EndsWith(line, StringComparison.Ordinal);
            });
        }

        Assert.Equal(10, got.Count(c => c == '\n'));
        relay.Set(DatagramFaults.None);
        using var sealer = session.TakeSealer();
        SendSealed(sealer, "from the sealer\n"u8);
        await WaitForLine(peer, "from the sealer");
        SendClose(sealer);
        await WaitForLine(peer, "Peer has closed");
        await Stop(peer);
    }

    /// <summary>The certificate is judged by our verifier: GnuTLS hears which alert.</summary>
    [RequiresFact(Requirement.None, "gnutls-serv", "stdbuf")]
    public async Task Client_RefusesTheServersCertificate_GnuTlsHearsTheAlert()
    {
        using var peer = await StartServerAsync("--require-client-cert --x509certfile node.cert --x509keyfile node.key", out var port);
        using var context = DtlsContext.Create(DtlsPair.ClientOptions((_, _) => DtlsVerdict.Refused(DtlsRefusal.UnknownAuthority, "not ours")));
        using var session = Connect(context, new IPEndPoint(IPAddress.Loopback, port));

        await Pump(session, "refusal", () => session.State == DtlsState.Failed);

        Assert.Equal((DtlsFailure.PeerCertificateRefused, (byte?)48), (session.Failure, session.SentAlert));
        await WaitForLine(peer, "Error in handshake");
        await Stop(peer);
    }

    [RequiresFact(Requirement.None, "gnutls-cli", "stdbuf")]
    public async Task Server_GnuTlsClientWithoutCertificate_IsRefused()
    {
        using var context = DtlsContext.Create(DtlsPair.ServerOptions());
        await using var relay = Relay = new FaultyRelay(Bind(), 0, DatagramFaults.None);
        using var peer = StartClient(relay, "");
        using var session = await Accept(context);

        await Pump(session, "refusal", () => session.State == DtlsState.Failed);

        Assert.Equal(DtlsFailure.PeerCertificateMissing, session.Failure);
        await Stop(peer);
    }

    private Task<Process> StartServerAsync(string arguments, out int port)
    {
        WritePem("node", DtlsCertificates.Node);
        var free = port = FreePort();
        return StartAsync();

        async Task<Process> StartAsync()
        {
            var started = StartProgram("bash", Command($"gnutls-serv --udp --mtu 1200 --port {free} --priority {Priority} {arguments}"));
            await WaitForLine(started, "Waiting for connection");
            return started;
        }
    }

    private Process StartClient(FaultyRelay relay, string arguments)
    {
        return StartProgram(
            "bash", Command($"gnutls-cli --udp --mtu 1200 --insecure --no-ca-verification --port {relay.EndPoint.Port} --priority {Priority} {arguments} 127.0.0.1"));
    }

    // Both write lines to both streams, and gather them when nobody sits at a terminal.
    private static string Command(string line) => $"-c \"exec stdbuf -oL {line} 2>&1\"";
}
