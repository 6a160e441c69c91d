using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport;
using Xunit;

namespace OrleansUem.Tests.Transport;

/// <summary>Dialer and listener over a real loopback socket.</summary>
public sealed class TlsLoopbackTests : IDisposable
{
    private readonly TestAuthority _installation = new("Installation");
    private readonly TestAuthority _tenant = new("Tenant");
    private readonly ManualTimeProvider _time = new(TestAuthority.Epoch);

    public void Dispose()
    {
        _installation.Dispose();
        _tenant.Dispose();
    }

    [Fact]
    public async Task DialAsync_BothCertificates_EachSideSeesTheOther()
    {
        using var edge = _installation.Issue(PeerRole.Edge, "edge-1");
        using var device = _tenant.Issue(PeerRole.Device, "phone-1");
        var accepted = new TaskCompletionSource<(string Alpn, byte[]? Certificate)>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var listener = Listen(edge, (connection, _) =>
        {
            accepted.TrySetResult((connection.Alpn, connection.PeerCertificate?.RawData));
            return Task.CompletedTask;
        });

        await using var dialled = await DialAsync(listener, Alpn.Device, device, _installation.Authority.Root);

        var (alpn, certificate) = await accepted.Task.WithinAsync("the listener's handler");
        Assert.Equal(Alpn.Device, alpn);
        Assert.Equal(device.Certificate.RawData, certificate);
        Assert.Equal(edge.Certificate.RawData, dialled.PeerCertificate!.RawData);
        Assert.Contains("GCM", dialled.Suite, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DialAsync_NoClientCertificate_IsAcceptedForTheCodeAboveToJudge()
    {
        using var edge = _installation.Issue(PeerRole.Edge, "edge-1");
        var accepted = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var listener = Listen(edge, (connection, _) =>
        {
            accepted.TrySetResult(connection.PeerCertificate is null);
            return Task.CompletedTask;
        });

        await using var dialled = await DialAsync(listener, Alpn.Enrol, own: null, _installation.Authority.Root);

        Assert.True(await accepted.Task.WithinAsync("the listener's handler"));
    }

    [Fact]
    public async Task DialAsync_ServerOfAnotherInstallation_FailsInVerify()
    {
        using var other = _tenant.Issue(PeerRole.Edge, "edge-1");
        await using var listener = Listen(other, (_, _) => Task.CompletedTask);

        var e = await Assert.ThrowsAsync<DialException>(() => DialAsync(listener, Alpn.Device, null, _installation.Authority.Root));

        Assert.Equal((DialPhase.Verify, Reason.CertificateUntrusted), (e.Phase, e.Reason));
        Assert.Contains($"127.0.0.1:{listener.LocalEndPoint.Port}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DialAsync_ServerOfAnotherRole_FailsInVerify()
    {
        using var silo = _installation.Issue(PeerRole.Silo, "silo-1");
        await using var listener = Listen(silo, (_, _) => Task.CompletedTask);

        var e = await Assert.ThrowsAsync<DialException>(() => DialAsync(listener, Alpn.Device, null, _installation.Authority.Root));

        Assert.Equal((DialPhase.Verify, Reason.CertificateWrongRole), (e.Phase, e.Reason));
    }

    [Fact]
    public async Task DialAsync_AlpnThatTheServerDoesNotOffer_FailsInHandshake()
    {
        using var edge = _installation.Issue(PeerRole.Edge, "edge-1");
        await using var listener = Listen(edge, (_, _) => Task.CompletedTask);

        var e = await Assert.ThrowsAsync<DialException>(() => DialAsync(listener, Alpn.Control, null, _installation.Authority.Root));

        Assert.Equal(DialPhase.Handshake, e.Phase);
        Assert.Equal(Reason.UnsupportedAlpn, e.Reason);
        Assert.Contains($"this port does not serve {Alpn.Control}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DialAsync_ServerOfAnotherProtocol_SaysThatItIsNotTls()
    {
        using var web = new TcpListener(IPAddress.Loopback, 0);
        web.Start();
        var answer = AnswerAsync();

        var e = await Assert.ThrowsAsync<DialException>(() => TlsDialer.DialAsync(
            new TlsDialOptions { Host = "127.0.0.1", Port = ((IPEndPoint)web.LocalEndpoint).Port, Alpn = Alpn.Device, ServerRole = PeerRole.Edge },
            _time,
            CancellationToken.None));

        await answer;
        Assert.Equal(DialPhase.Handshake, e.Phase);
        Assert.Contains("does not speak TLS", e.Message, StringComparison.Ordinal);

        async Task AnswerAsync()
        {
            using var client = await web.AcceptTcpClientAsync();
            await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"u8.ToArray());
            await client.GetStream().ReadExactlyAsync(new byte[5]);
        }
    }

    [Fact]
    public async Task DialAsync_NobodyListens_FailsInConnect()
    {
        using var edge = _installation.Issue(PeerRole.Edge, "edge-1");
        var listener = Listen(edge, (_, _) => Task.CompletedTask);
        await listener.DisposeAsync();

        var e = await Assert.ThrowsAsync<DialException>(() => DialAsync(listener, Alpn.Device, null, null));

        Assert.Equal(DialPhase.Connect, e.Phase);
    }

    [Fact]
    public async Task DialAsync_WhileAnotherAddressHoldsConnectionsThatSayNothing_Succeeds()
    {
        using var edge = _installation.Issue(PeerRole.Edge, "edge-1");
        await using var listener = Listen(edge, (_, _) => Task.CompletedTask, maxPending: 4);
        var silent = new List<Socket>();
        try
        {
            for (var i = 0; i < 8; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                silent.Add(socket);
                socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
                await socket.ConnectAsync(listener.LocalEndPoint);
            }

            // Virtual time stands still: no limit of a handshake makes room.
            await using var dialled = await DialAsync(listener, Alpn.Device, null, _installation.Authority.Root)
                .WithinAsync("a handshake beside the silent ones");
        }
        finally
        {
            silent.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task RunAsync_OverTls_FramesAndCloseArrive()
    {
        using var edge = _installation.Issue(PeerRole.Edge, "edge-1");
        var serverEnd = new TaskCompletionSource<ConnectionEnd>(TaskCreationOptions.RunContinuationsAsynchronously);
        var serverFrames = new RecordingFrames();
        await using var listener = Listen(edge, async (connection, token) =>
        {
            var frames = new FrameConnection(connection.Stream, new FrameConnectionOptions(), _time, NullLogger.Instance);
            frames.TrySend(FrameType.Hello, Channel.Session, new Hello
            {
                ServerName = "edge-1",
                InstallationRoot = ByteString.CopyFrom(_installation.Authority.Root.RawData),
            });
            serverEnd.TrySetResult(await frames.RunAsync(serverFrames, token));
        });
        await using var dialled = await DialAsync(listener, Alpn.Enrol, null, null);
        var received = new RecordingFrames();
        var connection = new FrameConnection(dialled.Stream, new FrameConnectionOptions(), _time, NullLogger.Instance);
        var running = connection.RunAsync(received, CancellationToken.None);

        var hello = Hello.Parser.ParseFrom((await received.NextAsync("HELLO")).Payload);
        Assert.Equal(Reason.None, ServerCertificates.VerifyHello(
            dialled.PeerCertificate!, hello, _installation.Id, PeerRole.Edge, _time.GetUtcNow(), out var root));
        root!.Dispose();
        Assert.Equal(Reason.CertificateUntrusted, ServerCertificates.VerifyHello(
            dialled.PeerCertificate!, hello, _tenant.Id, PeerRole.Edge, _time.GetUtcNow(), out _));
        Assert.True(connection.TrySendDatagram(Channel.Create(1, 0), new byte[1400]));
        Assert.Equal(1400, (await serverFrames.NextAsync("the datagram")).Payload.Length);
        connection.Close(Reason.Detached, "bye");

        var mine = await running.WithinAsync("the dialling side's end");
        var theirs = await serverEnd.Task.WithinAsync("the listening side's end");
        Assert.Equal((Reason.Detached, false), (mine.Reason, mine.IsByPeer));
        Assert.Equal((Reason.Detached, true, "bye"), (theirs.Reason, theirs.IsByPeer, theirs.Detail));
    }

    private TlsListener Listen(
        PeerCredentials credentials, Func<TlsConnection, CancellationToken, Task> handler, int maxPending = 256) => TlsListener.Start(
        new TlsListenerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Credentials = credentials,
            Alpns = [Alpn.Device, Alpn.Enrol],
            MaxPending = maxPending,
        },
        handler,
        _time,
        NullLogger.Instance);

    private Task<TlsConnection> DialAsync(
        TlsListener listener, string alpn, PeerCredentials? own, System.Security.Cryptography.X509Certificates.X509Certificate2? root) =>
        TlsDialer.DialAsync(
            new TlsDialOptions
            {
                Host = "127.0.0.1",
                Port = listener.LocalEndPoint.Port,
                Alpn = alpn,
                ServerRole = PeerRole.Edge,
                InstallationRoot = root,
                Own = own,
            },
            _time,
            CancellationToken.None);
}
