using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace OrleansUem.Transport;

/// <summary>One end of a TLS connection after its handshake. Owns the stream and the socket until a <see cref="FrameConnection"/> takes the stream.</summary>
public sealed class TlsConnection : IAsyncDisposable
{
    /// <summary>The dialling side's.</summary>
    internal TlsConnection(SslStream stream, Socket socket, X509Certificate2? peerCertificate)
        : this(stream, socket, stream.NegotiatedApplicationProtocol.ToString(), $"{stream.SslProtocol} {stream.NegotiatedCipherSuite}")
    {
        PeerCertificate = peerCertificate;
    }

    /// <summary>A server's.</summary>
    internal TlsConnection(TlsHandshakeResult tls, Socket socket)
        : this(tls.Stream, socket, tls.Alpn, tls.Suite) => PeerCertificate = tls.PeerCertificate;

    private TlsConnection(Stream stream, Socket socket, string alpn, string suite)
    {
        Stream = stream;
        Socket = socket;
        Alpn = alpn;
        Suite = suite;
        RemoteEndPoint = Plain((IPEndPoint)socket.RemoteEndPoint!);
        LocalEndPoint = Plain((IPEndPoint)socket.LocalEndPoint!);
    }

    /// <summary>The plaintext side; disposing it closes the socket.</summary>
    public Stream Stream { get; }

    /// <summary>The socket below, for socket options and endpoints.</summary>
    public Socket Socket { get; }

    /// <summary>
    /// The certificate whose key the peer proved to hold. On a server it is any certificate, null when none was shown: the code above checks the
    /// chain. On the dialling side it is verified when the root was known.
    /// </summary>
    public X509Certificate2? PeerCertificate { get; private set; }

    /// <summary>On a server, until the peer is admitted: the owner calls <see cref="PendingConnection.Leave"/> when it is. Null on the dialling side.</summary>
    public PendingConnection? Pending { get; internal init; }

    /// <summary>The negotiated application protocol.</summary>
    public string Alpn { get; }

    /// <summary>The peer's address.</summary>
    public IPEndPoint RemoteEndPoint { get; }

    /// <summary>The own address.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Protocol version and cipher suite, for people.</summary>
    public string Suite { get; }

    /// <summary>Lets go of the peer's certificate, which nobody asks for any more.</summary>
    public void ForgetCertificate()
    {
        PeerCertificate?.Dispose();
        PeerCertificate = null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        ForgetCertificate();
        await Stream.DisposeAsync();
    }

    // A socket of both families says ::ffff:203.0.113.1 for an IPv4 peer; people and limits want one spelling.
    private static IPEndPoint Plain(IPEndPoint endPoint) =>
        endPoint.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(endPoint.Address.MapToIPv4(), endPoint.Port) : endPoint;
}
