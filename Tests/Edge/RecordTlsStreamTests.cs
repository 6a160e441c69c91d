using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;
using OrleansUem.Edge.Tls;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;
using OrleansUem.Transport;
using Xunit;

namespace OrleansUem.Tests.Edge;

/// <summary>The edge's own TLS records against libssl's, as SslStream and s_client have them.</summary>
public sealed class RecordTlsStreamTests : IDisposable
{
    private readonly CancellationTokenSource _safety = new(TimeSpan.FromSeconds(60));
    private readonly TestAuthority _installation = new("Installation");
    private readonly PeerCredentials _server;
    private readonly PeerCredentials _client;
    private readonly Socket _listener = new(SocketType.Stream, ProtocolType.Tcp);

    public RecordTlsStreamTests()
    {
        _server = _installation.Issue(PeerRole.Edge, "edge-1");
        _client = _installation.Issue(PeerRole.Device, "phone-1");
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    public void Dispose()
    {
        _listener.Dispose();
        _client.Dispose();
        _server.Dispose();
        _installation.Dispose();
        _safety.Dispose();
    }

    [Theory]
    [InlineData(TlsCipherSuite.TLS_AES_128_GCM_SHA256)]
    [InlineData(TlsCipherSuite.TLS_AES_256_GCM_SHA384)]
    public async Task Stream_DataOfManySizesBothWays_ArrivesWhole(TlsCipherSuite suite)
    {
        var (client, server, result) = await ConnectAsync(suite);
        await using var ours = client;
        await using var theirs = server;
        Assert.Equal((Alpn.Device, $"Tls13 {suite}"), (result.Alpn, result.Suite));
        Assert.Equal(_client.Certificate.RawData, result.PeerCertificate?.RawData);

        // Around the longest record, several of them at once, one byte, and none.
        foreach (var bytes in (int[])[1, 2, 1_400, 16_383, 16_384, 16_385, 40_000, 200_000])
        {
            var sent = RandomNumberGenerator.GetBytes(bytes);
            await AssertArrivesAsync(client, server, sent);
            await AssertArrivesAsync(server, client, sent);
        }
    }

    [Fact]
    public async Task Stream_ReadWithoutABuffer_WaitsAndTakesNothing()
    {
        var (client, server, _) = await ConnectAsync();
        await using var ours = client;
        await using var theirs = server;
        var waiting = server.ReadAsync(Memory<byte>.Empty, _safety.Token);
        Assert.False(waiting.IsCompleted);

        await client.WriteAsync("12"u8.ToArray(), _safety.Token);
        Assert.Equal(0, await waiting);
        var one = new byte[1];
        Assert.Equal(1, await server.ReadAsync(one, _safety.Token));

        // What is left of the record is there at once.
        Assert.Equal(0, await server.ReadAsync(Memory<byte>.Empty, _safety.Token));
        Assert.Equal(1, await server.ReadAsync(one, _safety.Token));
        Assert.Equal((byte)'2', one[0]);
    }

    [Fact]
    public async Task Stream_EitherEndSaysThatNothingFollows_TheOtherReadsTheEnd()
    {
        var (client, server, _) = await ConnectAsync();
        await using var ours = client;
        await using var theirs = server;
        await server.WriteAsync("last"u8.ToArray(), _safety.Token);
        await ((IHalfCloseStream)server).EndSendingAsync();

        var buffer = new byte[16];
        Assert.Equal(4, await client.ReadAtLeastAsync(buffer, 4, cancellationToken: _safety.Token));
        Assert.Equal(0, await client.ReadAsync(buffer, _safety.Token));

        await AssertArrivesAsync(client, server, "the other way goes on"u8.ToArray());
        await client.ShutdownAsync();
        Assert.Equal(0, await server.ReadAsync(Memory<byte>.Empty, _safety.Token));
        Assert.Equal(0, await server.ReadAsync(buffer, _safety.Token));
    }

    [Theory]
    [InlineData(0, "no TLS record")]
    [InlineData(5, "not authenticate")]
    public async Task Stream_ARecordIsChangedOnTheWay_IsToldAndEnds(int offset, string fault)
    {
        var changing = new ChangingStream();
        var (client, server, _) = await ConnectAsync(changing: changing);
        await using var ours = client;
        await using var theirs = server;
        await AssertArrivesAsync(client, server, "before"u8.ToArray());

        changing.FlipNext = offset;
        await client.WriteAsync("changed"u8.ToArray(), _safety.Token);

        var e = await Assert.ThrowsAsync<IOException>(async () => await server.ReadExactlyAsync(new byte[1], _safety.Token));
        Assert.Contains(fault, e.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<IOException>(async () => await server.ReadExactlyAsync(new byte[1], _safety.Token));

        // The client hears it as an alert.
        await Assert.ThrowsAnyAsync<Exception>(async () => await client.ReadExactlyAsync(new byte[1], _safety.Token));
    }

    [Fact]
    public async Task Stream_PeerHangsUpInTheMiddleOfARecord_IsNoOrderlyEnd()
    {
        var changing = new ChangingStream();
        var (client, server, _) = await ConnectAsync(changing: changing);
        await using var theirs = server;
        changing.CutNext = 7;
        await client.WriteAsync("cut"u8.ToArray(), _safety.Token);

        await Assert.ThrowsAsync<IOException>(async () => await server.ReadExactlyAsync(new byte[1], _safety.Token));
        await client.DisposeAsync();
    }

    [Theory]
    [InlineData("http/1.1")]
    [InlineData(Alpn.Node)]
    public async Task Handshake_NoCommonProtocol_SaysSo(string alpn)
    {
        using var tls = RecordTlsServer.TryCreate(_server.Certificate, [Alpn.Device]);
        var accepting = AcceptAsync();
        await using var client = await DialAsync();
        await using var server = await accepting;
        var handshake = tls!.AuthenticateAsync(server, _safety.Token);

        await Assert.ThrowsAnyAsync<Exception>(() => client.AuthenticateAsClientAsync(ClientOptions(TlsCipherSuite.TLS_AES_128_GCM_SHA256, alpn), _safety.Token));
        var e = await Assert.ThrowsAsync<AuthenticationException>(() => handshake);
        Assert.Contains("no application protocol", e.GetBaseException().Message, StringComparison.Ordinal);
    }

    /// <summary>s_client renews its keys, and asks for ours to be renewed, on these words of its own.</summary>
    [RequiresTheory(Requirement.None, "openssl")]
    [InlineData("k")]
    [InlineData("K")]
    public async Task SClient_RenewsItsKeys_TheConnectionGoesOn(string command)
    {
        using var tls = RecordTlsServer.TryCreate(_server.Certificate, [Alpn.Device]);
        var accepting = AcceptAsync();
        using var process = Process.Start(new ProcessStartInfo(
            CommandPath.Find("openssl")!, $"s_client -connect 127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port} -alpn {Alpn.Device}")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync(_safety.Token);
        var result = await tls!.AuthenticateAsync(await accepting, _safety.Token);
        await using var server = result.Stream;
        var buffer = new byte[64];
        for (var round = 0; round < 3; round++)
        {
            await process.StandardInput.WriteAsync($"before {round}\n");
            await process.StandardInput.FlushAsync(_safety.Token);
            var expected = $"before {round}\n";
            Assert.Equal(expected.Length, await server.ReadAtLeastAsync(buffer, expected.Length, cancellationToken: _safety.Token));
            await process.StandardInput.WriteAsync($"{command}\n");
            await process.StandardInput.FlushAsync(_safety.Token);

            // It reads a command with what it finds at once: the next words go when it has said that it did it.
            await server.WriteAsync(Encoding.ASCII.GetBytes($"answer {round}\n"), _safety.Token);
            while (await process.StandardOutput.ReadLineAsync(_safety.Token) is { } line && !line.Contains($"answer {round}", StringComparison.Ordinal))
            {
            }
        }

        process.Kill();
        await process.WaitForExitAsync(_safety.Token);
        Assert.Contains("KEYUPDATE", await errors, StringComparison.Ordinal);
    }

    private async Task<(SslStream Client, Stream Server, TlsHandshakeResult Result)> ConnectAsync(
        TlsCipherSuite suite = TlsCipherSuite.TLS_AES_128_GCM_SHA256, ChangingStream? changing = null)
    {
        using var tls = RecordTlsServer.TryCreate(_server.Certificate, [Alpn.Device, Alpn.Enrol]);
        var accepting = AcceptAsync();
        var client = await DialAsync();
        var inner = await accepting;
        if (changing is not null)
        {
            changing.Inner = inner;
            inner = changing;
        }

        var handshake = tls!.AuthenticateAsync(inner, _safety.Token);
        await client.AuthenticateAsClientAsync(ClientOptions(suite, Alpn.Device), _safety.Token);
        var result = await handshake;
        return (client, result.Stream, result);
    }

    private SslClientAuthenticationOptions ClientOptions(TlsCipherSuite suite, string alpn) => new()
    {
        TargetHost = "edge-1",
        ApplicationProtocols = [new SslApplicationProtocol(alpn)],
        CipherSuitesPolicy = OperatingSystem.IsWindows() ? null : new CipherSuitesPolicy([suite]),
        ClientCertificateContext = SslStreamCertificateContext.Create(_client.Certificate, null, offline: true),
        RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.GetRawCertData().AsSpan().SequenceEqual(_server.Certificate.RawData) == true,
    };

    private async Task<SslStream> DialAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_listener.LocalEndPoint!, _safety.Token);
        return new SslStream(new NetworkStream(socket, ownsSocket: true));
    }

    private async Task<Stream> AcceptAsync() => new NetworkStream(await _listener.AcceptAsync(_safety.Token), ownsSocket: true);

    private async Task AssertArrivesAsync(Stream from, Stream to, byte[] sent)
    {
        var received = new byte[sent.Length];
        var writing = from.WriteAsync(sent, _safety.Token).AsTask();
        await to.ReadExactlyAsync(received, _safety.Token);
        await writing;
        Assert.Equal(sent, received);
    }

    /// <summary>Changes or cuts what the server reads next.</summary>
    private sealed class ChangingStream : Stream
    {
        public Stream Inner { get; set; } = Null;

        public int? FlipNext { get; set; }

        public int? CutNext { get; set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (CutNext == 0)
            {
                return 0;
            }

            var read = await Inner.ReadAsync(CutNext is { } cut ? buffer[..Math.Min(cut, buffer.Length)] : buffer, cancellationToken);
            if (FlipNext is { } offset && read > 0)
            {
                buffer.Span[offset] ^= 0x40;
                FlipNext = null;
            }

            CutNext -= CutNext is null ? null : read;
            return read;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => Inner.WriteAsync(buffer, cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override async ValueTask DisposeAsync()
        {
            await Inner.DisposeAsync();
            await base.DisposeAsync();
        }
    }
}
