using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansUem.Dtls.Records;

namespace OrleansUem.Dtls;

/// <summary>Settings of a <see cref="DtlsContext"/>. They are read once, by <see cref="DtlsContext.Create"/>.</summary>
public sealed class DtlsContextOptions
{
    /// <summary>Record header 13 (RFC 6347 §4.1), explicit nonce 8 and tag 16 (RFC 5288 §3).</summary>
    public const int RecordOverheadBytes = RecordSealer.OverheadBytes;

    /// <summary>libssl accepts no smaller link (its minimum of 256 less 28 for IP and UDP); a ClientHello with a server's cookie
    /// must fit as well.</summary>
    public const int MaxDatagramBytesMin = 256;

    /// <summary>One record holds at most 2^14 bytes of plaintext (RFC 5246 §6.2.1).</summary>
    public const int MaxDatagramBytesMax = 16_384 + RecordOverheadBytes;

    /// <summary>libssl gives up by itself after 12 timeouts of one flight; staying below keeps the count
    /// ours.</summary>
    public const int MaxRetransmissionsMax = 11;

    /// <summary>Which end of the handshake the sessions of this context are.</summary>
    public required DtlsRole Role { get; init; }

    /// <summary>
    /// Certificate with an exportable ECDSA private key on P-256 or P-384. Required for a server; a client without one
    /// is refused by every
    /// server of this project. It may be disposed after <see cref="DtlsContext.Create"/>.
    /// </summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Certificates between <see cref="Certificate"/> and the root, sent to the peer in this order. Default
    /// none.</summary>
    public IReadOnlyList<X509Certificate2> Intermediates { get; init; } = [];

    /// <summary>Judges the peer's certificate. Null when every session brings its own
    /// (<see cref="DtlsContext.CreateSession"/>).</summary>
    public DtlsPeerVerifier? PeerVerifier { get; init; }

    /// <summary>Offers and accepts AES-256 only. Default false: AES-128 as well, and a server prefers it.</summary>
    public bool RequireAes256 { get; init; }

    /// <summary>
    /// Upper bound of every emitted datagram in bytes (UDP payload or frame payload, without IP and UDP headers), 256
    /// to 16,421.
    /// Default 1,400: 1,500 of Ethernet less IPv6 (40), UDP (8) and room for one more layer around it.
    /// </summary>
    public int MaxDatagramBytes { get; init; } = 1_400;

    /// <summary>
    /// Wait before a flight is sent again for the first time; doubles with each further time. 1 ms to 60 s. Default 250
    /// ms. RFC 6347 §4.2.4.1 recommends
    /// 1 s and allows less for applications that are sensitive to latency. A device opens a tunnel when its user taps,
    /// and a round trip over a mobile network
    /// rarely exceeds 250 ms; too small costs a duplicate flight of about 2 KB, too large costs a wait that the user
    /// sees after each lost datagram.
    /// </summary>
    public TimeSpan InitialRetransmission { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Upper bound of the doubled wait, not below <see cref="InitialRetransmission"/> and at most 60 s (RFC
    /// 6347 §4.2.4.1). Default 4 s.</summary>
    public TimeSpan RetransmissionMax { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>How often one flight is sent again before the session fails with Timeout. 0 to 11. Default 8: 23.75 s
    /// with the other defaults.</summary>
    public int MaxRetransmissions { get; init; } = 8;

    internal void Validate()
    {
        if (Role is not (DtlsRole.Client or DtlsRole.Server))
        {
            throw Bad(nameof(Role), Role, "Client or Server");
        }

        if (MaxDatagramBytes is < MaxDatagramBytesMin or > MaxDatagramBytesMax)
        {
            throw Bad(nameof(MaxDatagramBytes), MaxDatagramBytes, $"{MaxDatagramBytesMin} to {MaxDatagramBytesMax}");
        }

        if (InitialRetransmission < TimeSpan.FromMilliseconds(1) || InitialRetransmission > TimeSpan.FromSeconds(60))
        {
            throw Bad(nameof(InitialRetransmission), InitialRetransmission, "1 ms to 60 s");
        }

        if (RetransmissionMax < InitialRetransmission || RetransmissionMax > TimeSpan.FromSeconds(60))
        {
            throw Bad(nameof(RetransmissionMax), RetransmissionMax, $"{nameof(InitialRetransmission)} to 60 s");
        }

        if (MaxRetransmissions is < 0 or > MaxRetransmissionsMax)
        {
            throw Bad(nameof(MaxRetransmissions), MaxRetransmissions, $"0 to {MaxRetransmissionsMax}");
        }

        ValidateCertificate();
    }

    private void ValidateCertificate()
    {
        if (Certificate is null)
        {
            if (Role == DtlsRole.Server)
            {
                throw Bad(nameof(Certificate), "null", "a certificate with its private key, required for a server");
            }

            return;
        }

        if (!DtlsKeys.IsApproved(Certificate))
        {
            throw Bad(nameof(Certificate), Certificate.PublicKey.Oid.FriendlyName ?? Certificate.PublicKey.Oid.Value, "an ECDSA key on P-256 or P-384");
        }

        using ECDsa? key = Certificate.GetECDsaPrivateKey();
        if (key is null)
        {
            throw Bad(nameof(Certificate), "a certificate without private key", "a certificate with its private key");
        }
    }

    private static ArgumentException Bad(string option, object? value, string bound) =>
        new($"DtlsContextOptions.{option} is {value}; allowed: {bound}.", option);
}
