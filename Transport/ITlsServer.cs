namespace OrleansUem.Transport;

/// <summary>Does the TLS handshakes of a <see cref="TlsListener"/>, at the server.</summary>
public interface ITlsServer
{
    /// <summary>One handshake. Any certificate of the client is taken, or none: the code above judges it.</summary>
    /// <param name="stream">The client's bytes from its hello on; owned by what is returned.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="System.Security.Authentication.AuthenticationException">It failed; the innermost exception has OpenSSL's words.</exception>
    /// <exception cref="IOException">The client hung up.</exception>
    Task<TlsHandshakeResult> AuthenticateAsync(Stream stream, CancellationToken cancellationToken);
}
