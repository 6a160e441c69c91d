using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport;

/// <summary>
/// What a failed TLS handshake means to a person. SslStream gives "SSL_ERROR_SSL"; the cause is the text of the innermost exception, OpenSSL's
/// "error:NUMBER:SSL routines::WORDS", with the number of the reason for words that the library does not print.
/// </summary>
internal static class HandshakeFaults
{
    // openssl/sslerr.h: an alert of the peer is 1000 and its number (RFC 8446 §6).
    private const int NoApplicationProtocolAlert = 1000 + 120;
    private const int HandshakeFailureAlert = 1000 + 40;

    /// <summary>Names the fault.</summary>
    /// <param name="fault">What SslStream threw.</param>
    /// <param name="alpn">What was offered.</param>
    /// <param name="detail">A sentence, and what to do.</param>
    /// <returns>The reason.</returns>
    public static Reason Describe(Exception fault, string alpn, out string detail)
    {
        var inner = fault.GetBaseException();
        var text = inner.Message;
        if (IsReason(text, NoApplicationProtocolAlert, "no application protocol"))
        {
            detail = $"this port does not serve {alpn}. Check the port: a relay takes devices on 443 and nodes on 3101 unless it was set up otherwise.";
            return Reason.UnsupportedAlpn;
        }

        detail = text switch
        {
            _ when IsReason(text, HandshakeFailureAlert, "handshake failure") =>
                "both sides have no cipher suite in common; ours are ECDHE-ECDSA with AES-GCM. Is it a relay?",
            // SslStream looks at the record's header itself, before OpenSSL could call it a wrong version number.
            _ when text.Contains("wrong version number", StringComparison.Ordinal) || text.Contains("frame size", StringComparison.Ordinal) =>
                "what answers there does not speak TLS. Check the address and the port.",
            _ when inner is IOException && text.Contains("unexpected EOF", StringComparison.Ordinal) =>
                "the other side hung up. Is there a firewall in between that breaks TLS?",
            _ => text,
        };
        return Reason.ConnectionLost;
    }

    /// <summary>Whether both sides had no application protocol in common.</summary>
    public static bool IsAboutAlpn(Exception fault) =>
        IsReason(fault.GetBaseException().Message, NoApplicationProtocolAlert, "no application protocol");

    private static bool IsReason(string text, int number, string words) =>
        text.Contains(words, StringComparison.Ordinal) || text.Contains($"reason({number})", StringComparison.Ordinal);
}
