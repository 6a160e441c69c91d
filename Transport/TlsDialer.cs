using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport;

/// <summary>The dialling side of TLS over TCP.</summary>
public static class TlsDialer
{
    /// <summary>Connects, shakes hands and, when the root is known, verifies the server by <see cref="CertificateProfile"/>.</summary>
    /// <param name="options">Whom to dial.</param>
    /// <param name="time">The clock of the limits and of the certificates.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The connection; the caller disposes it or hands its stream to a <see cref="FrameConnection"/>.</returns>
    /// <exception cref="DialException">It was not made; names host, port, phase and reason.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public static async Task<TlsConnection> DialAsync(TlsDialOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        var socket = await ConnectAsync(options, time, cancellationToken);
        try
        {
            TlsSettings.Tune(socket);
            return await HandshakeAsync(options, socket, time, cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<Socket> ConnectAsync(TlsDialOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        // No address family: a dual-mode socket, over which all addresses of the name are tried in turn.
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await socket.ConnectAsync(options.Host, options.Port, either.Token);
            return socket;
        }
        catch (Exception e)
        {
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw e switch
            {
                OperationCanceledException => new DialException(
                    options.Host, options.Port, DialPhase.Connect, Reason.HandshakeTimeout, $"no answer within {options.ConnectTimeout.TotalSeconds} s.", e),
                SocketException socketException => new DialException(
                    options.Host, options.Port, DialPhase.Connect, Reason.ConnectionLost, $"{SocketErrorText.Describe(socketException.SocketErrorCode)}.", e),
                _ => new DialException(options.Host, options.Port, DialPhase.Connect, Reason.ConnectionLost, e.Message, e),
            };
        }
    }

    private static async Task<TlsConnection> HandshakeAsync(
        TlsDialOptions options, Socket socket, TimeProvider time, CancellationToken cancellationToken)
    {
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        var verdict = Reason.CertificateMissing;
        X509Certificate2? serverCertificate = null;
        using var timeout = new CancellationTokenSource(options.HandshakeTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await stream.AuthenticateAsClientAsync(ClientOptions(options, Verify), either.Token);
            if (stream.NegotiatedApplicationProtocol.ToString() != options.Alpn)
            {
                throw new DialException(
                    options.Host, options.Port, DialPhase.Handshake, Reason.UnsupportedAlpn, $"the server does not speak {options.Alpn}.");
            }

            return new TlsConnection(stream, socket, serverCertificate);
        }
        catch (Exception e)
        {
            await stream.DisposeAsync();
            serverCertificate?.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw e switch
            {
                DialException => e,
                OperationCanceledException => new DialException(
                    options.Host, options.Port, DialPhase.Handshake, Reason.HandshakeTimeout, $"not done within {options.HandshakeTimeout.TotalSeconds} s.", e),
                AuthenticationException when serverCertificate is not null && verdict != Reason.None => new DialException(
                    options.Host, options.Port, DialPhase.Verify, verdict, $"{verdict}.", e),
                _ => Faulted(options, e),
            };
        }

        bool Verify(X509Certificate? certificate)
        {
            if (certificate is null)
            {
                return false;
            }

            serverCertificate = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
            verdict = options.InstallationRoot is { } root
                ? CertificateProfile.Verify(serverCertificate, root, options.ServerRole, time.GetUtcNow(), out _)
                : Reason.None;
            return verdict == Reason.None;
        }
    }

    private static DialException Faulted(TlsDialOptions options, Exception fault)
    {
        var reason = HandshakeFaults.Describe(fault, options.Alpn, out var detail);
        return new DialException(options.Host, options.Port, DialPhase.Handshake, reason, detail, fault);
    }

    private static SslClientAuthenticationOptions ClientOptions(TlsDialOptions options, Func<X509Certificate?, bool> verify) => new()
    {
        TargetHost = options.ServerName ?? options.Host,
        ApplicationProtocols = [new SslApplicationProtocol(options.Alpn)],
        EnabledSslProtocols = TlsSettings.Protocols,
        CipherSuitesPolicy = TlsSettings.Suites,
        CertificateChainPolicy = TlsSettings.ChainPolicy(),
        AllowRenegotiation = false,

        // A resumed handshake would skip the certificates that everything above checks.
        AllowTlsResume = false,
        ClientCertificateContext = options.Own is { } own
            ? SslStreamCertificateContext.Create(own.Certificate, additionalCertificates: null, offline: true)
            : null,
        RemoteCertificateValidationCallback = (_, certificate, _, _) => verify(certificate),
    };
}
