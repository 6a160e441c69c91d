using OrleansUem.Dtls;
using Xunit;

namespace OrleansUem.Tests.Dtls;

public sealed class DtlsCookieListenerTests : IDisposable
{
    private static readonly TimeSpan Now = TimeSpan.FromHours(1);
    private static readonly byte[] Address = [192, 0, 2, 1, 0x1F, 0x90];
    private static readonly byte[] OtherAddress = [192, 0, 2, 2, 0x1F, 0x90];

    private readonly DtlsContext _serverContext = DtlsContext.Create(DtlsPair.ServerOptions());
    private readonly DtlsContext _clientContext = DtlsContext.Create(DtlsPair.ClientOptions());
    private readonly DtlsCookieSecrets _secrets = new();
    private readonly Collector _toClient = new();
    private readonly Collector _toServer = new();
    private readonly byte[] _buffer = new byte[4_000];
    private readonly DtlsSession _client;

    public DtlsCookieListenerTests() => _client = _clientContext.CreateSession(_toServer);

    public void Dispose()
    {
        _client.Dispose();
        _clientContext.Dispose();
        _serverContext.Dispose();
    }

    [Fact]
    public void Offer_ValidCookie_MakesSessionThatCompletes()
    {
        using var listener = new DtlsCookieListener(_serverContext, _secrets);
        _client.Start(Now);

        Assert.Null(Offer(listener, _toServer.Only(), Address));
        Assert.Equal(1, listener.CookiesSent);
        using var session = Offer(listener, AnswerOf(_client), Address);

        Assert.NotNull(session);
        Assert.Equal(DtlsState.Handshaking, session.State);
        Assert.NotNull(session.NextTimeout);
        Complete(session);
        Assert.Equal(DtlsState.Established, _client.State);
        Assert.Equal(DtlsState.Established, session.State);
        Assert.Equal(DtlsCertificates.Device.Thumbprint, session.PeerCertificate?.Thumbprint);
    }

    [Fact]
    public void Offer_NoCookie_AnswersNoMoreThanItGot()
    {
        using var listener = new DtlsCookieListener(_serverContext, _secrets);
        _client.Start(Now);
        var hello = _toServer.Only();

        for (var i = 0; i < 50; i++)
        {
            Assert.Null(Offer(listener, hello, Address));
        }

        Assert.Equal(50, _toClient.Datagrams.Count);
        Assert.All(_toClient.Datagrams, answer => Assert.InRange(answer.Length, 1, hello.Length));
    }

    [Fact]
    public void Offer_CookieOfAnotherAddress_IsRefused()
    {
        using var listener = new DtlsCookieListener(_serverContext, _secrets);
        _client.Start(Now);
        Offer(listener, _toServer.Only(), Address);
        var withCookie = AnswerOf(_client);

        Assert.Null(Offer(listener, withCookie, OtherAddress));

        using var session = Offer(listener, withCookie, Address);
        Assert.NotNull(session);
    }

    [Fact]
    public void Offer_CorruptCookie_IsRefused()
    {
        using var listener = new DtlsCookieListener(_serverContext, _secrets);
        _client.Start(Now);
        Offer(listener, _toServer.Only(), Address);
        var withCookie = AnswerOf(_client);

        // Record 13, handshake header 12, version 2, random 32, session id length 1, cookie length 1.
        withCookie[13 + 12 + 2 + 32 + 1 + 1] ^= 1;

        Assert.Null(Offer(listener, withCookie, Address));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void Offer_AfterRotations_AcceptsPreviousSecretOnly(int rotations, bool isAccepted)
    {
        using var listener = new DtlsCookieListener(_serverContext, _secrets);
        _client.Start(Now);
        Offer(listener, _toServer.Only(), Address);
        var withCookie = AnswerOf(_client);

        for (var i = 0; i < rotations; i++)
        {
            _secrets.Rotate();
        }

        using var session = Offer(listener, withCookie, Address);
        Assert.Equal(isAccepted, session is not null);
    }

    [Fact]
    public void Offer_CookieOfASecondListener_IsAccepted()
    {
        using var first = new DtlsCookieListener(_serverContext, _secrets);
        using var second = new DtlsCookieListener(_serverContext, _secrets);
        _client.Start(Now);
        Offer(first, _toServer.Only(), Address);

        using var session = Offer(second, AnswerOf(_client), Address);

        Assert.NotNull(session);
    }

    [Fact]
    public void Offer_RandomBytes_AreIgnored()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var random = new Random(seed);
            using var listener = new DtlsCookieListener(_serverContext, _secrets);
            using var client = _clientContext.CreateSession(_toServer);
            _toServer.Datagrams.Clear();
            client.Start(Now);
            var hello = _toServer.Only();
            for (var i = 0; i < 500; i++)
            {
                var datagram = hello[..random.Next(hello.Length + 1)];
                for (var j = random.Next(1, 6); j > 0 && datagram.Length > 0; j--)
                {
                    datagram[random.Next(datagram.Length)] = (byte)random.Next(256);
                }

                Assert.True(Offer(listener, datagram, Address) is null, $"seed {seed}, datagram {i}");
            }

            Assert.Equal(500, listener.DatagramsIgnored + listener.CookiesSent);
        }
    }

    private DtlsSession? Offer(DtlsCookieListener listener, byte[] datagram, byte[] address) =>
        listener.Offer(datagram, address, _toClient, Now);

    /// <summary>Hands the client the last HelloVerifyRequest and returns its ClientHello with the cookie.</summary>
    private byte[] AnswerOf(DtlsSession client)
    {
        _toServer.Datagrams.Clear();
        client.Receive(_toClient.Datagrams[^1], _buffer, Now);
        _toClient.Datagrams.Clear();
        return _toServer.Only();
    }

    private void Complete(DtlsSession session)
    {
        _toServer.Datagrams.Clear();
        for (var round = 0; round < 4; round++)
        {
            foreach (var datagram in _toClient.Drain())
            {
                _client.Receive(datagram, _buffer, Now);
            }

            foreach (var datagram in _toServer.Drain())
            {
                session.Receive(datagram, _buffer, Now);
            }
        }
    }

    private sealed class Collector : IDtlsOutput
    {
        public List<byte[]> Datagrams { get; } = [];

        public void Send(ReadOnlySpan<byte> datagram) => Datagrams.Add(datagram.ToArray());

        public byte[] Only() => Assert.Single(Datagrams);

        public byte[][] Drain()
        {
            byte[][] all = [.. Datagrams];
            Datagrams.Clear();
            return all;
        }
    }
}
