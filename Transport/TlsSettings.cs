using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace OrleansUem.Transport;

/// <summary>What both sides of our TLS have in common.</summary>
public static class TlsSettings
{
    public const SslProtocols Protocols = SslProtocols.Tls12 | SslProtocols.Tls13;

    private const int TcpProtocolLevel = 6; // IPPROTO_TCP
    private const int TcpNotSentLowAt = 25; // TCP_NOTSENT_LOWAT, linux/tcp.h

    /// <summary>
    /// Unsent bytes above which the kernel takes no more. Without it the socket buffer grows to megabytes below our queue, where frames are neither
    /// scheduled fairly nor dropped by name, and control frames wait behind them. 128 KiB is 10 ms at 100 Mbit/s and eight writes of ours,
    /// enough to keep a gigabit link busy between two wake-ups.
    /// </summary>
    private const int NotSentLowWaterBytes = 128 * 1024;

    /// <summary>Only suites that FIPS 140 approves: ECDHE-ECDSA (implied in TLS 1.3), AES-GCM, SHA-2. Null where the platform has no such choice.</summary>
    public static CipherSuitesPolicy? Suites { get; } = OperatingSystem.IsLinux() || OperatingSystem.IsMacOS()
        ? new CipherSuitesPolicy([
            TlsCipherSuite.TLS_AES_128_GCM_SHA256,
            TlsCipherSuite.TLS_AES_256_GCM_SHA384,
            TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        ])
        : null;

    /// <summary>
    /// SslStream builds a chain before it asks us. This one trusts nothing, and above all downloads nothing: an issuer address in a
    /// stranger's certificate would make the server fetch it.
    /// </summary>
    public static X509ChainPolicy ChainPolicy() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
    };

    public static void Tune(Socket socket)
    {
        // Frames are gathered above; a delayed one gains nothing.
        socket.NoDelay = true;
        if (OperatingSystem.IsLinux())
        {
            Span<byte> value = stackalloc byte[sizeof(int)];
            BitConverter.TryWriteBytes(value, NotSentLowWaterBytes);
            socket.SetRawSocketOption(TcpProtocolLevel, TcpNotSentLowAt, value);
        }
    }
}
