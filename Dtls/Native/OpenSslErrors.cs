using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace OrleansUem.Dtls.Native;

/// <summary>Turns libssl's per-thread error queue into a reason and a text.</summary>
internal static unsafe class OpenSslErrors
{
    /// <summary>The queue itself keeps 16 (ERR_NUM_ERRORS).</summary>
    private const int MaxDrained = 16;

    /// <summary>SSL_R_* of sslerr.h.</summary>
    private const int ReasonCertificateVerifyFailed = 134;
    private const int ReasonNoSharedCipher = 193;
    private const int ReasonPeerDidNotReturnACertificate = 199;
    private const int ReasonUnknownProtocol = 252;
    private const int ReasonUnsupportedProtocol = 258;
    private const int ReasonWrongSslVersion = 266;
    private const int ReasonWrongVersionNumber = 267;
    private const int ReasonMissingSigalgsExtension = 112;
    private const int ReasonNoSuitableSignatureAlgorithm = 118;
    private const int ReasonNoSuitableGroups = 295;
    private const int ReasonNoSharedSignatureAlgorithms = 376;
    private const int ReasonNoSharedGroups = 410;
    private const int ReasonReadTimeoutExpired = 312;

    /// <summary>Reasons from here to 1255 are alerts of the peer: 1000 + its number.</summary>
    private const int ReasonAlertBase = 1000;

    /// <summary>Empties the queue. The first entry decides, since later ones are consequences of it.</summary>
    public static (DtlsFailure Failure, string Detail) Drain()
    {
        var failure = DtlsFailure.Internal;
        var detail = "";
        for (var i = 0; i < MaxDrained; i++)
        {
            var error = LibCrypto.ERR_get_error();
            if (error == 0)
            {
                break;
            }

            if (i == 0)
            {
                failure = Classify(error);
                detail = Describe(error);
            }
        }

        return (failure, detail.Length > 0 ? detail : "libssl gave no reason");
    }

    /// <summary>Empties the queue. All its texts: where a module fails to load, the first one says least.</summary>
    public static string DrainTexts()
    {
        var texts = new List<string>();
        for (var error = LibCrypto.ERR_get_error(); error != 0 && texts.Count < MaxDrained; error = LibCrypto.ERR_get_error())
        {
            texts.Add(Describe(error));
        }

        return texts.Count > 0 ? string.Join(", ", texts.Distinct(StringComparer.Ordinal)) : "OpenSSL gives no reason";
    }

    public static CryptographicException Exception(string what) => new($"OpenSSL refused: {what} ({Drain().Detail}).");

    private static DtlsFailure Classify(nuint error)
    {
        var code = (uint)error;
        if ((code & LibCrypto.ErrSystemFlag) != 0 || ((code >> LibCrypto.ErrLibShift) & LibCrypto.ErrLibMask) != LibCrypto.ErrLibSsl)
        {
            // Another library's reason inside a handshake is a key, signature or encoding of the peer that did not
            // verify.
            return DtlsFailure.ProtocolViolation;
        }

        return (int)(code & LibCrypto.ErrReasonMask) switch
        {
            ReasonCertificateVerifyFailed => DtlsFailure.PeerCertificateRefused,
            ReasonPeerDidNotReturnACertificate => DtlsFailure.PeerCertificateMissing,
            ReasonNoSharedCipher or ReasonNoSuitableSignatureAlgorithm or ReasonNoSuitableGroups or ReasonNoSharedGroups
                or ReasonNoSharedSignatureAlgorithms or ReasonMissingSigalgsExtension => DtlsFailure.NoSharedParameters,
            ReasonUnsupportedProtocol or ReasonUnknownProtocol or ReasonWrongSslVersion or ReasonWrongVersionNumber => DtlsFailure.VersionUnsupported,
            ReasonReadTimeoutExpired => DtlsFailure.Timeout,
            >= ReasonAlertBase and <= ReasonAlertBase + byte.MaxValue => DtlsFailure.PeerAlert,
            _ => DtlsFailure.ProtocolViolation,
        };
    }

    private static string Describe(nuint error)
    {
        var text = Marshal.PtrToStringUTF8((nint)LibCrypto.ERR_reason_error_string(error));
        return text ?? $"error 0x{(ulong)error:x}";
    }
}
