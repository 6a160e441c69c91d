using System.Diagnostics;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Dtls;
using Xunit;

namespace OrleansUem.Tests.Dtls.Interop;

/// <summary>Against the openssl program over loopback UDP, in real time and in both roles.</summary>
[Trait("Category", "E2E")]
public sealed class DtlsOpenSslInteropTests : DtlsInteropTest
{
    private static readonly DatagramFaults Poor = new(Loss: 0.2, Duplication: 0.2, Reordering: 0.2);

    [OpenSslFact]
    public async Task Client_AgainstOpenSslServer_ExchangesData()
    {
        using var peer = await StartServerAsync("-Verify 1 -mtu 1200", out var port);
        using var context = DtlsContext.Create(DtlsPair.ClientOptions());
        using var session = Connect(context, new IPEndPoint(IPAddress.Loopback, port));

        await Pump(session, "handshake", () => session.State == DtlsState.Established);
        Assert.Equal(DtlsCertificates.Node.Thumbprint, session.PeerCertificate?.Thumbprint);
        Assert.Equal(DtlsWriteResult.Sent, session.Write("from the session\n"u8));
        await WaitForLine(peer, "from the session");
        await peer.StandardInput.WriteLineAsync("from openssl");
        var received = "";
        await Pump(session, "data", () => received.Contains("from openssl", StringComparison.Ordinal), text => received += text);
        session.Close();
        await WaitForLine(peer, "DONE");
        await Stop(peer);
    }

    [OpenSslFact]
    public async Task Server_AgainstOpenSslClient_ExchangesData()
    {
        using var context = DtlsContext.Create(DtlsPair.ServerOptions());
        using var peer = StartClient(Bind(), "-mtu 1200", DtlsCertificates.Device);

        using var session = await Accept(context);
        await Pump(session, "handshake", () => session.State == DtlsState.Established);
        Assert.Equal(DtlsCertificates.Device.Thumbprint, session.PeerCertificate?.Thumbprint);
        await peer.StandardInput.WriteLineAsync("from openssl");
        var received = "";
        await Pump(session, "data", () => received.Contains("from openssl", StringComparison.Ordinal), text => received += text);
        Assert.Equal(DtlsWriteResult.Sent, session.Write("from the session\n"u8));
        await WaitForLine(peer, "from the session");
        session.Close();
        await WaitForLine(peer, "closed");
        await Stop(peer);
    }

    [OpenSslTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TakenOver_AgainstOpenSslServer_ExchangesDataAndCloses(bool isAes256)
    {
        using var peer = await StartServerAsync($"-Verify 1 -mtu 1200 -cipher ECDHE-ECDSA-{(isAes256 ? "AES256-GCM-SHA384" : "AES128-GCM-SHA256")}", out var port);
        using var context = DtlsContext.Create(DtlsPair.ClientOptions());
        using var session = Connect(context, new IPEndPoint(IPAddress.Loopback, port));
        await Pump(session, "handshake", () => session.State == DtlsState.Established);
        Assert.Contains(isAes256 ? "AES256" : "AES128", session.CipherSuite!, StringComparison.Ordinal);
        await TakeOverAndClose(session, peer, "DONE");
    }

    [OpenSslFact]
    public async Task TakenOver_AgainstOpenSslClient_ExchangesDataAndCloses()
    {
        using var context = DtlsContext.Create(DtlsPair.ServerOptions());
        using var peer = StartClient(Bind(), "-mtu 1200", DtlsCertificates.Device);
        using var session = await Accept(context);
        await Pump(session, "handshake", () => session.State == DtlsState.Established);
        await TakeOverAndClose(session, peer, "closed");
    }

    [OpenSslTheory]
    [InlineData(51)]
    [InlineData(52)]
    public async Task Client_AgainstOpenSslServer_OverAPoorLink(int seed)
    {
        using var peer = await StartServerAsync("-Verify 1 -mtu 1200", out var port);
        await using var relay = Relay = new FaultyRelay(new IPEndPoint(IPAddress.Loopback, port), seed, Poor);
        using var context = DtlsContext.Create(DtlsPair.ClientOptions());
        using var session = Connect(context, relay.EndPoint);
        await Pump(session, "handshake", () => session.State == DtlsState.Established);
        relay.Set(DatagramFaults.None);
        using var opener = session.TakeOpener();
        using var sealer = session.TakeSealer();

        // Sent twice by the link: the line must come once, with the next one behind it.
        SendSealed(sealer, "first line\n"u8);
        await WaitForLine(peer, "first line");
        Assert.True(relay.Replay(toServer: true) > 0);
        SendSealed(sealer, "second line\n"u8);
        Assert.Equal("second line", await NextLine(peer));
        await peer.StandardInput.WriteLineAsync("from openssl");
        await OpenUntil(opener, "from openssl");
        SendClose(sealer);
        await WaitForLine(peer, "DONE");
        Assert.True(relay.FaultCount > 0);
        await Stop(peer);
    }

    // The program says nothing here: where it gets a Finished twice before its ChangeCipherSpec it keeps one, and does not look at its own input any more.
    [OpenSslTheory]
    [InlineData(61)]
    [InlineData(62)]
    [InlineData(63)]
    public async Task Server_AgainstOpenSslClient_OverAPoorLink(int seed)
    {
        using var context = DtlsContext.Create(DtlsPair.ServerOptions());
        await using var relay = Relay = new FaultyRelay(Bind(), seed, Poor);
        using var peer = StartClient(relay.EndPoint, "-mtu 1200", DtlsCertificates.Device);
        using var session = await Accept(context);
        var ready = WaitForLine(peer, "Verify return code");
        await Pump(session, "handshake", () => session.State == DtlsState.Established && ready.IsCompleted, wake: ready);
        await ready;
        relay.Set(DatagramFaults.None);
        using var opener = session.TakeOpener();
        using var sealer = session.TakeSealer();
        SendSealed(sealer, "from the sealer\n"u8);
        await WaitForLine(peer, "from the sealer");
        SendClose(sealer);
        await WaitForLine(peer, "closed");
        Assert.True(relay.FaultCount > 0);
        await Stop(peer);
    }

    [OpenSslFact]
    public async Task Server_OpenSslClientWithoutCommonSuite_FailsWithReason()
    {
        using var context = DtlsContext.Create(DtlsPair.ServerOptions());
        using var peer = StartClient(Bind(), "-cipher ECDHE-ECDSA-CHACHA20-POLY1305", DtlsCertificates.Device);

        using var session = await Accept(context);

        Assert.Equal((DtlsState.Failed, DtlsFailure.NoSharedParameters), (session.State, session.Failure));
        Assert.Equal((byte)40, session.SentAlert);
        await Stop(peer);
    }

    [OpenSslFact]
    public async Task Server_OpenSslClientWithRsaCertificate_IsRefused()
    {
        using var context = DtlsContext.Create(DtlsPair.ServerOptions());
        using var peer = StartClient(Bind(), "", DtlsCertificates.Rsa);

        using var session = await Accept(context);
        await Pump(session, "refusal", () => session.State == DtlsState.Failed);

        // Our request names ECDSA only, so openssl presents no certificate at all.
        Assert.Equal(DtlsFailure.PeerCertificateMissing, session.Failure);
        await Stop(peer);
    }

    [OpenSslFact]
    public async Task Client_OpenSslServerWithRsaCertificate_Fails()
    {
        using var peer = await StartServerAsync("", out var port, DtlsCertificates.Rsa);
        using var context = DtlsContext.Create(DtlsPair.ClientOptions());
        using var session = Connect(context, new IPEndPoint(IPAddress.Loopback, port));

        await Pump(session, "refusal", () => session.State == DtlsState.Failed);

        Assert.Equal((DtlsFailure.PeerAlert, (byte?)40), (session.Failure, session.PeerAlert));
        await Stop(peer);
    }

    private Task<Process> StartServerAsync(string arguments, out int port, X509Certificate2? certificate = null)
    {
        WritePem("own", certificate ?? DtlsCertificates.Node);
        port = FreePort();
        var server = StartProgram("openssl", $"s_server -dtls1_2 -4 -accept 127.0.0.1:{port} -cert own.cert -key own.key -listen {arguments}");
        return WaitAsync();

        async Task<Process> WaitAsync()
        {
            await WaitForLine(server, "ACCEPT");
            return server;
        }
    }

    private Process StartClient(IPEndPoint server, string arguments, X509Certificate2 certificate)
    {
        WritePem("own", certificate);
        return StartProgram("openssl", $"s_client -dtls1_2 -4 -connect {server} -cert own.cert -key own.key {arguments}");
    }
}
