using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport;

/// <summary>What a listener counts. Called from its tasks; must not block.</summary>
public interface ITlsListenerEvents
{
    /// <summary>A handshake ended.</summary>
    /// <param name="reason">None: it succeeded; else HandshakeTimeout, HandshakeFailed, HandshakeDisplaced, UnsupportedAlpn or ConnectionLost.</param>
    void OnHandshake(Reason reason);

    /// <summary>A connection was closed before its handshake.</summary>
    /// <param name="reason">TooManyConnections.</param>
    void OnRefused(Reason reason);
}
