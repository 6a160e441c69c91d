using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OrleansUem.Dtls;
using OrleansUem.Dtls.Records;
using Xunit;

namespace OrleansUem.Tests.Dtls;

/// <summary>Against the openssl program over loopback UDP, in real time and in both roles.</summary>
[Trait("Category", "E2E")]
public sealed class DtlsOpenSslInteropTests : IDisposable
{
    private static readonly TimeSpan SafetyTimeout = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("dtls-interop-").FullName;
    private readonly CancellationTokenSource _safety = new(SafetyTimeout);
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly byte[] _datagram = new byte[4_000];
    private readonly byte[] _plaintext = new byte[4_000];
    private readonly long _origin = TimeProvider.System.GetTimestamp();
    private string _phase = "start";

    private TimeSpan Now => TimeProvider.System.GetElapsedTime(_origin);

    public void Dispose()
    {
        _socket.Dispose();
        _safety.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [OpenSslFact]
    public async Task Client_AgainstOpenSslServer_ExchangesData()
    {
        WritePem("node", DtlsCertificates.Node);
        var port = FreePort();
        using var peer = StartOpenSsl(
            $"s_server -dtls1_2 -4 -accept 127.0.0.1:{port} -cert node.cert -key node.key -Verify 1 -mtu 1200 -listen");
        await WaitForLine(peer, "ACCEPT");
        await _socket.ConnectAsync(IPAddress.Loopback, port, _safety.Token);
        using var context = DtlsContext.Create(DtlsPair.ClientOptions());
        using var session = context.CreateSession(new SocketOutput(_socket));

        session.Start(Now);
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
    public async Task CookieListener_AgainstOpenSslClient_ExchangesData()
    {
        WritePem("device", DtlsCertificates.Device);
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)_socket.LocalEndPoint!).Port;
        using var context = DtlsContext.Create(DtlsPair.ServerOptions());
        using var listener = new DtlsCookieListener(context, new DtlsCookieSecrets());
        using var peer = StartOpenSsl($"s_client -dtls1_2 -4 -connect 127.0.0.1:{port} -cert device.cert -key device.key -mtu 1200");

        using var session = await Accept(listener);
        await Pump(session, "handshake", () => session.State == DtlsState.Established);
        Assert.Equal(1, listener.CookiesSent);
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
        WritePem("node", DtlsCertificates.Node);
        var port = FreePort();
        using var peer = StartOpenSsl(
            $"s_server -dtls1_2 -4 -accept 127.0.0.1:{port} -cert node.cert -key node.key -Verify 1 -mtu 1200 -listen "
            + $"-cipher ECDHE-ECDSA-{(isAes256 ? "AES256-GCM-SHA384" : "AES128-GCM-SHA256")}");
        await WaitForLine(peer, "ACCEPT");
        await _socket.ConnectAsync(IPAddress.Loopback, port, _safety.Token);
        using var context = DtlsContext.Create(DtlsPair.ClientOptions());
        using var session = context.CreateSession(new SocketOutput(_socket));
        session.Start(Now);
        await Pump(session, "handshake", () => session.State == DtlsState.Established);
        Assert.Contains(isAes256 ? "AES256" : "AES128", session.CipherSuite!, StringComparison.Ordinal);
        using var opener = session.TakeOpener();
        using var sealer = session.TakeSealer();

        SendSealed(sealer, "from the sealer\n"u8);
        await WaitForLine(peer, "from the sealer");
        await peer.StandardInput.WriteLineAsync("from openssl");
        await OpenUntil(opener, "from openssl");
        _socket.Send(_plaintext.AsSpan(0, sealer.SealAlert(0, _plaintext)));
        await WaitForLine(peer, "DONE");
        await Stop(peer);
    }

    [OpenSslFact]
    public async Task TakenOver_AgainstOpenSslClient_ExchangesDataAndCloses()
    {
        WritePem("device", DtlsCertificates.Device);
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)_socket.LocalEndPoint!).Port;
        using var context = DtlsContext.Create(DtlsPair.ServerOptions());
        using var listener = new DtlsCookieListener(context, new DtlsCookieSecrets());
        using var peer = StartOpenSsl($"s_client -dtls1_2 -4 -connect 127.0.0.1:{port} -cert device.cert -key device.key -mtu 1200");
        using var session = await Accept(listener);
        await Pump(session, "handshake", () => session.State == DtlsState.Established);
        using var opener = session.TakeOpener();
        await peer.StandardInput.WriteLineAsync("from openssl");
        await OpenUntil(opener, "from openssl");

        using var sealer = session.TakeSealer();
        SendSealed(sealer, "from the sealer\n"u8);
        await WaitForLine(peer, "from the sealer");
        _socket.Send(_plaintext.AsSpan(0, sealer.SealAlert(0, _plaintext)));
        await WaitForLine(peer, "closed");
        await Stop(peer);
    }

    [OpenSslFact]
    public async Task CookieListener_OpenSslClientWithoutCommonSuite_FailsWithReason()
    {
        WritePem("device", DtlsCertificates.Device);
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)_socket.LocalEndPoint!).Port;
        using var context = DtlsContext.Create(DtlsPair.ServerOptions());
        using var listener = new DtlsCookieListener(context, new DtlsCookieSecrets());
        using var peer = StartOpenSsl(
            $"s_client -dtls1_2 -4 -connect 127.0.0.1:{port} -cert device.cert -key device.key -cipher ECDHE-ECDSA-CHACHA20-POLY1305");

        using var session = await Accept(listener);

        Assert.Equal((DtlsState.Failed, DtlsFailure.NoSharedParameters), (session.State, session.Failure));
        Assert.Equal((byte)40, session.SentAlert);
        await Stop(peer);
    }

    [OpenSslFact]
    public async Task CookieListener_OpenSslClientWithRsaCertificate_IsRefused()
    {
        WritePem("rsa", DtlsCertificates.Rsa);
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)_socket.LocalEndPoint!).Port;
        using var context = DtlsContext.Create(DtlsPair.ServerOptions());
        using var listener = new DtlsCookieListener(context, new DtlsCookieSecrets());
        using var peer = StartOpenSsl($"s_client -dtls1_2 -4 -connect 127.0.0.1:{port} -cert rsa.cert -key rsa.key");

        using var session = await Accept(listener);
        await Pump(session, "refusal", () => session.State == DtlsState.Failed);

        // Our request names ECDSA only, so openssl presents no certificate at all.
        Assert.Equal(DtlsFailure.PeerCertificateMissing, session.Failure);
        await Stop(peer);
    }

    [OpenSslFact]
    public async Task Client_OpenSslServerWithRsaCertificate_Fails()
    {
        WritePem("rsa", DtlsCertificates.Rsa);
        var port = FreePort();
        using var peer = StartOpenSsl($"s_server -dtls1_2 -4 -accept 127.0.0.1:{port} -cert rsa.cert -key rsa.key -listen");
        await WaitForLine(peer, "ACCEPT");
        await _socket.ConnectAsync(IPAddress.Loopback, port, _safety.Token);
        using var context = DtlsContext.Create(DtlsPair.ClientOptions());
        using var session = context.CreateSession(new SocketOutput(_socket));

        session.Start(Now);
        await Pump(session, "refusal", () => session.State == DtlsState.Failed);

        Assert.Equal((DtlsFailure.PeerAlert, (byte?)40), (session.Failure, session.PeerAlert));
        await Stop(peer);
    }

    private async Task<DtlsSession> Accept(DtlsCookieListener listener)
    {
        _phase = "accept";
        while (true)
        {
            var received = await ReceiveFrom();
            if (!_socket.Connected)
            {
                await _socket.ConnectAsync(received.Peer, _safety.Token);
            }

            var address = Encoding.ASCII.GetBytes(received.Peer.ToString());
            if (listener.Offer(_datagram.AsSpan(0, received.Bytes), address, new SocketOutput(_socket), Now) is { } session)
            {
                return session;
            }
        }
    }

    private async Task<(int Bytes, IPEndPoint Peer)> ReceiveFrom()
    {
        try
        {
            var result = await _socket.ReceiveFromAsync(_datagram, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _safety.Token);
            return (result.ReceivedBytes, (IPEndPoint)result.RemoteEndPoint);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"no datagram in phase '{_phase}' within {SafetyTimeout}");
        }
    }

    /// <summary>Feeds datagrams and timeouts until the condition holds.</summary>
    private async Task Pump(DtlsSession session, string phase, Func<bool> isDone, Action<string>? onText = null)
    {
        _phase = phase;
        while (!isDone())
        {
            using var timer = CancellationTokenSource.CreateLinkedTokenSource(_safety.Token);
            if (session.NextTimeout is { } due)
            {
                timer.CancelAfter(due > Now ? due - Now : TimeSpan.Zero);
            }

            try
            {
                var bytes = await _socket.ReceiveAsync(_datagram, SocketFlags.None, timer.Token);
                var result = session.Receive(_datagram.AsSpan(0, bytes), _plaintext, Now);
                while (result.Status == DtlsReadStatus.ApplicationData || result.HasMore)
                {
                    onText?.Invoke(Encoding.ASCII.GetString(_plaintext, 0, result.PlaintextBytes));
                    result = session.ReceiveNext(_plaintext);
                }
            }
            catch (OperationCanceledException) when (!_safety.IsCancellationRequested)
            {
                session.HandleTimeout(Now);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"phase '{phase}': {session.State} {session.FailureDetail} within {SafetyTimeout}");
            }
        }
    }

    private void SendSealed(RecordSealer sealer, ReadOnlySpan<byte> plaintext) =>
        _socket.Send(_plaintext.AsSpan(0, sealer.Seal(plaintext, _plaintext)));

    /// <summary>Opens what comes until the text was in it.</summary>
    private async Task OpenUntil(RecordOpener opener, string text)
    {
        _phase = $"data '{text}'";
        var received = "";
        while (!received.Contains(text, StringComparison.Ordinal))
        {
            var bytes = await _socket.ReceiveAsync(_datagram, SocketFlags.None, _safety.Token);
            received += OpenAll(opener, _datagram.AsSpan(0, bytes));
        }
    }

    private string OpenAll(RecordOpener opener, ReadOnlySpan<byte> datagram)
    {
        var text = "";
        while (DtlsRecord.TryTake(ref datagram, out var record))
        {
            var outcome = opener.Open(record.Bytes, _plaintext, out var plaintext);
            Assert.True(outcome is RecordOutcome.Data or RecordOutcome.Handshake, $"{outcome}");
            text += Encoding.ASCII.GetString(plaintext);
        }

        return text;
    }

    private Process StartOpenSsl(string arguments)
    {
        var start = new ProcessStartInfo(OpenSslFactAttribute.Locate()!, arguments)
        {
            WorkingDirectory = _folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        return process;
    }

    private async Task WaitForLine(Process process, string text)
    {
        _phase = $"line '{text}'";
        var seen = new StringBuilder();
        try
        {
            while (await process.StandardOutput.ReadLineAsync(_safety.Token) is { } line)
            {
                seen.AppendLine(line);
                if (line.Contains(text, StringComparison.Ordinal))
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Reported below with what was seen.
        }

        Assert.Fail($"openssl did not print '{text}' within {SafetyTimeout}; seen: {seen}");
    }

    private async Task Stop(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        await process.WaitForExitAsync(_safety.Token);
    }

    private void WritePem(string name, X509Certificate2 certificate)
    {
        File.WriteAllText(Path.Combine(_folder, name + ".cert"), certificate.ExportCertificatePem());
        using var key = (System.Security.Cryptography.AsymmetricAlgorithm?)certificate.GetECDsaPrivateKey() ?? certificate.GetRSAPrivateKey();
        File.WriteAllText(Path.Combine(_folder, name + ".key"), key!.ExportPkcs8PrivateKeyPem());
    }

    private static int FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    private sealed class SocketOutput(Socket socket) : IDtlsOutput
    {
        public void Send(ReadOnlySpan<byte> datagram) => socket.Send(datagram);
    }
}
