using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Tls;
using Org.BouncyCastle.Security;
using CertificateRequest = Org.BouncyCastle.Crypto.Tls.CertificateRequest;
using TlsCertificate = Org.BouncyCastle.Crypto.Tls.Certificate;

namespace OrleansUem.Tests.Dtls.Interop;

/// <summary>DTLS by BouncyCastle, an implementation that shares nothing with OpenSSL. It blocks, so each peer works on threads of its own.</summary>
internal sealed class BouncyCastlePeer : DatagramTransport, IDisposable
{
    private const int DatagramBytes = 1_200;
    private const int ReadMilliseconds = 200;

    private static readonly int[] Suites =
    [
        CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    ];

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Channel<byte[]> _records = Channel.CreateUnbounded<byte[]>();
    private readonly TaskCompletionSource _alerted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly X509Certificate2? _own;
    private readonly byte? _refusal;
    private volatile bool _isDisposed;
    private EndPoint _peer = new IPEndPoint(IPAddress.Any, 0);

    /// <param name="own">Its certificate with key; null: it has none.</param>
    /// <param name="refusal">The alert that it refuses the other end's certificate with; null: it accepts any.</param>
    public BouncyCastlePeer(X509Certificate2? own, byte? refusal = null)
    {
        _own = own;
        _refusal = refusal;
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
    }

    public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    /// <summary>The certificate that the other end has proven to hold.</summary>
    public X509Certificate2? PeerCertificate { get; private set; }

    /// <summary>The last alert that came.</summary>
    public byte? Alert { get; private set; }

    /// <summary>Ends when its handshake has; from then on it reads, which is also when it repeats its last flight for us.</summary>
    public Task<DtlsTransport> ConnectAsync(IPEndPoint server)
    {
        _peer = server;
        return OnThreadAsync(() => Read(new DtlsClientProtocol(new SecureRandom()).Connect(new Client(this), this)));
    }

    /// <summary>The same as the server.</summary>
    public Task<DtlsTransport> AcceptAsync() =>
        OnThreadAsync(() => Read(new DtlsServerProtocol(new SecureRandom()).Accept(new Server(this), this)));

    /// <summary>The next record's data.</summary>
    public async Task<byte[]> NextAsync(TimeSpan limit) => await _records.Reader.ReadAsync().AsTask().WaitAsync(limit);

    /// <summary>Waits for the other end's close_notify, or another alert.</summary>
    public Task AlertAsync(TimeSpan limit) => _alerted.Task.WaitAsync(limit);

    public static Task<T> OnThreadAsync<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    int DatagramTransport.GetReceiveLimit() => DatagramBytes;

    int DatagramTransport.GetSendLimit() => DatagramBytes;

    int DatagramTransport.Receive(byte[] buf, int off, int len, int waitMillis)
    {
        if (!_socket.Poll(TimeSpan.FromMilliseconds(waitMillis), SelectMode.SelectRead))
        {
            return -1;
        }

        return _socket.ReceiveFrom(buf, off, len, SocketFlags.None, ref _peer);
    }

    void DatagramTransport.Send(byte[] buf, int off, int len) => _socket.SendTo(buf, off, len, SocketFlags.None, _peer);

    void TlsCloseable.Close()
    {
        // The socket lives until Dispose: a close_notify still has to leave.
    }

    public void Dispose()
    {
        _isDisposed = true;
        _socket.Dispose();
        PeerCertificate?.Dispose();
    }

    private DtlsTransport Read(DtlsTransport transport)
    {
        new Thread(() =>
        {
            var buffer = new byte[transport.GetReceiveLimit()];
            try
            {
                while (!_isDisposed)
                {
                    var bytes = transport.Receive(buffer, 0, buffer.Length, ReadMilliseconds);
                    if (bytes >= 0)
                    {
                        _records.Writer.TryWrite(buffer[..bytes]);
                    }
                }
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
            {
                // Expected: closed by either end.
            }
        })
        {
            IsBackground = true,
            Name = "BouncyCastle reads",
        }.Start();
        return transport;
    }

    private void OnAlert(byte alert)
    {
        Alert = alert;
        _alerted.TrySetResult();
    }

    private void Judge(TlsCertificate chain)
    {
        if (_refusal is { } alert)
        {
            throw new TlsFatalAlert(alert);
        }

        if (!chain.IsEmpty)
        {
            PeerCertificate = X509CertificateLoader.LoadCertificate(chain.GetCertificateAt(0).GetEncoded());
        }
    }

    private DefaultTlsSignerCredentials Signer(TlsContext context)
    {
        using var key = _own!.GetECDsaPrivateKey()!;
        AsymmetricKeyParameter privateKey = PrivateKeyFactory.CreateKey(key.ExportPkcs8PrivateKey());
        var certificate = new TlsCertificate([Org.BouncyCastle.Asn1.X509.X509CertificateStructure.GetInstance(_own!.RawData)]);
        return new DefaultTlsSignerCredentials(
            context, certificate, privateKey, new SignatureAndHashAlgorithm(Org.BouncyCastle.Crypto.Tls.HashAlgorithm.sha256, SignatureAlgorithm.ecdsa));
    }

    private sealed class Client(BouncyCastlePeer owner) : DefaultTlsClient, TlsAuthentication
    {
        public override ProtocolVersion ClientVersion => ProtocolVersion.DTLSv12;

        public override ProtocolVersion MinimumVersion => ProtocolVersion.DTLSv12;

        public override int[] GetCipherSuites() => Suites;

        public override TlsAuthentication GetAuthentication() => this;

        public override void NotifyAlertReceived(byte alertLevel, byte alertDescription) => owner.OnAlert(alertDescription);

        public void NotifyServerCertificate(TlsCertificate serverCertificate) => owner.Judge(serverCertificate);

        public TlsCredentials? GetClientCredentials(CertificateRequest certificateRequest) => owner._own is null ? null : owner.Signer(mContext);
    }

    private sealed class Server(BouncyCastlePeer owner) : DefaultTlsServer
    {
        protected override ProtocolVersion MaximumVersion => ProtocolVersion.DTLSv12;

        protected override ProtocolVersion MinimumVersion => ProtocolVersion.DTLSv12;

        public override CertificateRequest GetCertificateRequest() => new(
            [ClientCertificateType.ecdsa_sign],
            new List<SignatureAndHashAlgorithm> { new(Org.BouncyCastle.Crypto.Tls.HashAlgorithm.sha256, SignatureAlgorithm.ecdsa) },
            new List<Org.BouncyCastle.Asn1.X509.X509Name>());

        public override void NotifyClientCertificate(TlsCertificate clientCertificate) => owner.Judge(clientCertificate);

        public override void NotifyAlertReceived(byte alertLevel, byte alertDescription) => owner.OnAlert(alertDescription);

        protected override int[] GetCipherSuites() => Suites;

        protected override TlsSignerCredentials GetECDsaSignerCredentials() => owner.Signer(mContext);
    }
}
