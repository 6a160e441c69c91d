using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansUem.Dtls.Native;

/// <summary>Builds an SSL_CTX with the fixed profile: DTLS 1.2, two ECDHE-ECDSA AES-GCM suites, P-256 and P-384, SHA-2,
/// no extras.</summary>
internal static unsafe class SslContextFactory
{
    private const string Aes256Suite = "ECDHE-ECDSA-AES256-GCM-SHA384";
    private const string BothSuites = "ECDHE-ECDSA-AES128-GCM-SHA256:" + Aes256Suite;
    private const string Groups = "P-256:P-384";
    private const string Signatures = "ECDSA+SHA256:ECDSA+SHA384";

    /// <summary>
    /// Bound of a peer's Certificate message, and so of the memory that reassembly takes. Four certificates of 4 KB: an
    /// ECDSA certificate
    /// with a SAN is below 1 KB. libssl's default is 100 KB.
    /// </summary>
    internal const int MaxPeerChainBytes = 16 * 1024;

    public static SslContextHandle Create(DtlsContextOptions options)
    {
        LibCrypto.ERR_clear_error();
        var context = LibSsl.SSL_CTX_new(LibSsl.DTLS_method());
        if (context == 0)
        {
            throw OpenSslErrors.Exception("SSL_CTX_new");
        }

        var handle = new SslContextHandle(context);
        try
        {
            Configure(context, options);
            if (options.Certificate is { } certificate)
            {
                UseCertificate(context, certificate);
                foreach (var intermediate in options.Intermediates)
                {
                    AddIntermediate(context, intermediate);
                }
            }

            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static void Configure(nint context, DtlsContextOptions options)
    {
        Check(LibSsl.SSL_CTX_ctrl(context, LibSsl.CtrlSetMinProtoVersion, LibSsl.Dtls12, null), "minimum version");
        Check(LibSsl.SSL_CTX_ctrl(context, LibSsl.CtrlSetMaxProtoVersion, LibSsl.Dtls12, null), "maximum version");
        fixed (byte* suites = DtlsContext.CString(options.RequireAes256 ? Aes256Suite : BothSuites), groups = DtlsContext.CString(Groups), signatures = DtlsContext.CString(Signatures))
        {
            Check(LibSsl.SSL_CTX_set_cipher_list(context, suites), "cipher suites");
            Check(LibSsl.SSL_CTX_ctrl(context, LibSsl.CtrlSetGroupsList, 0, groups), "groups");
            Check(LibSsl.SSL_CTX_ctrl(context, LibSsl.CtrlSetSigalgsList, 0, signatures), "signature algorithms");
        }

        LibSsl.SSL_CTX_set_options(
            context,
            LibSsl.OpNoQueryMtu | LibSsl.OpNoTicket | LibSsl.OpNoCompression | LibSsl.OpNoRenegotiation | LibSsl.OpCipherServerPreference);
        LibSsl.SSL_CTX_ctrl(context, LibSsl.CtrlMode, LibSsl.ModeNoAutoChain, null);
        LibSsl.SSL_CTX_ctrl(context, LibSsl.CtrlSetSessionCacheMode, 0, null);
        LibSsl.SSL_CTX_ctrl(context, LibSsl.CtrlSetMaxCertList, MaxPeerChainBytes, null);
        LibSsl.SSL_CTX_set_verify(context, LibSsl.VerifyPeer | LibSsl.VerifyFailIfNoPeerCert, 0);
        LibSsl.SSL_CTX_set_cert_verify_callback(context, &SslCallbacks.VerifyCertificate, 0);
        LibSsl.SSL_CTX_set_info_callback(context, &SslCallbacks.OnInfo);
    }

    internal static void UseCertificate(nint context, X509Certificate2 certificate)
    {
        var der = certificate.RawDataMemory.Span;
        fixed (byte* first = der)
        {
            Check(LibSsl.SSL_CTX_use_certificate_ASN1(context, der.Length, first), "certificate");
        }

        byte[] encoded;
        try
        {
            using var key = certificate.GetECDsaPrivateKey() ?? throw new ArgumentException("The certificate has no ECDSA private key.");
            encoded = key.ExportECPrivateKey();
        }
        catch (CryptographicException exception)
        {
            throw new ArgumentException("The certificate: its private key cannot be exported to libssl.", exception);
        }

        try
        {
            fixed (byte* first = encoded)
            {
                var cursor = first;
                var key = LibCrypto.d2i_AutoPrivateKey(null, &cursor, encoded.Length);
                if (key == 0)
                {
                    throw OpenSslErrors.Exception("private key");
                }

                var used = LibSsl.SSL_CTX_use_PrivateKey(context, key);
                LibCrypto.EVP_PKEY_free(key);
                Check(used, "private key");
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(encoded);
        }

        Check(LibSsl.SSL_CTX_check_private_key(context), "private key of the certificate");
    }

    private static void AddIntermediate(nint context, X509Certificate2 certificate)
    {
        var der = certificate.RawDataMemory.Span;
        fixed (byte* first = der)
        {
            var cursor = first;
            var native = LibCrypto.d2i_X509(null, &cursor, der.Length);
            if (native == 0)
            {
                throw OpenSslErrors.Exception("intermediate certificate");
            }

            // Number 1 makes the context take a reference of its own.
            var added = LibSsl.SSL_CTX_ctrl(context, LibSsl.CtrlChainCert, 1, (void*)native);
            LibCrypto.X509_free(native);
            Check(added, "intermediate certificate");
        }
    }

    internal static void Check(nint result, string what)
    {
        if (result <= 0)
        {
            throw OpenSslErrors.Exception(what);
        }
    }
}
