using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport;

/// <summary>A connection was not made. The text names host, port and phase.</summary>
public sealed class DialException : IOException
{
    /// <summary>Makes one.</summary>
    public DialException(string host, int port, DialPhase phase, Reason reason, string detail, Exception? inner = null)
        : base($"{Describe(phase)} {host}:{port} failed: {detail}", inner)
    {
        Phase = phase;
        Reason = reason;
    }

    /// <summary>How far it came.</summary>
    public DialPhase Phase { get; }

    /// <summary>A reason of the identity group when the server is not who it should be, HandshakeTimeout, or ConnectionLost.</summary>
    public Reason Reason { get; }

    private static string Describe(DialPhase phase) => phase switch
    {
        DialPhase.Connect => "Connecting to",
        DialPhase.Handshake => "The TLS handshake with",
        _ => "The certificate check of",
    };
}
