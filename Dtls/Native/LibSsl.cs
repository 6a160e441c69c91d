using System.Runtime.InteropServices;

namespace OrleansUem.Dtls.Native;

/// <summary>
/// The calls of libssl.so.3 this project uses, with the names of the C API (ssl(7), OpenSSL 3.0). All arguments are
/// blittable, so
/// no call allocates. Pointers that cross here are owned by <see cref="SslHandle"/> and <see cref="SslContextHandle"/>.
/// </summary>
internal static unsafe partial class LibSsl
{
    internal const string Name = "libssl.so.3";

    /// <summary>Values of SSL_get_error (SSL_get_error(3)).</summary>
    internal const int ErrorWantRead = 2;
    internal const int ErrorZeroReturn = 6;

    /// <summary>SSL_OP_* bits of ssl.h.</summary>
    internal const ulong OpNoQueryMtu = 1UL << 12;
    internal const ulong OpNoTicket = 1UL << 14;
    internal const ulong OpNoCompression = 1UL << 17;
    internal const ulong OpCipherServerPreference = 1UL << 22;
    internal const ulong OpNoRenegotiation = 1UL << 30;

    /// <summary>SSL_CTRL_* and DTLS_CTRL_* commands of ssl.h.</summary>
    internal const int CtrlSetMtu = 17;
    internal const int CtrlMode = 33;
    internal const int CtrlSetSessionCacheMode = 44;
    internal const int CtrlSetMaxCertList = 51;
    internal const int CtrlGetTimeout = 73;
    internal const int CtrlHandleTimeout = 74;
    internal const int CtrlChainCert = 89;
    internal const int CtrlSetGroupsList = 92;
    internal const int CtrlSetSigalgsList = 98;
    internal const int CtrlGetExtendedMasterSecret = 122;
    internal const int CtrlSetMinProtoVersion = 123;
    internal const int CtrlSetMaxProtoVersion = 124;

    /// <summary>DTLS1_2_VERSION.</summary>
    internal const int Dtls12 = 0xFEFD;

    /// <summary>TLS1_3_VERSION.</summary>
    internal const int Tls13 = 0x0304;

    /// <summary>SSL_TLSEXT_ERR_*: what an ALPN callback answers.</summary>
    internal const int AlpnAccepted = 0;
    internal const int AlpnAlertFatal = 2;

    internal const int ModeNoAutoChain = 8;

    internal const int VerifyPeer = 1;
    internal const int VerifyFailIfNoPeerCert = 2;

    /// <summary>SSL_CB_READ_ALERT and SSL_CB_WRITE_ALERT of the info callback.</summary>
    internal const int InfoReadAlert = 0x4004;
    internal const int InfoWriteAlert = 0x4008;

    [LibraryImport(Name)]
    internal static partial nint DTLS_method();

    [LibraryImport(Name)]
    internal static partial nint TLS_server_method();

    [LibraryImport(Name)]
    internal static partial int SSL_CTX_set_ciphersuites(nint context, byte* list);

    [LibraryImport(Name)]
    internal static partial int SSL_CTX_set_num_tickets(nint context, nuint count);

    [LibraryImport(Name)]
    internal static partial void SSL_CTX_set_keylog_callback(nint context, delegate* unmanaged[Cdecl]<nint, byte*, void> callback);

    [LibraryImport(Name)]
    internal static partial void SSL_CTX_set_alpn_select_cb(
        nint context, delegate* unmanaged[Cdecl]<nint, byte**, byte*, byte*, uint, nint, int> callback, nint argument);

    [LibraryImport(Name)]
    internal static partial void SSL_get0_alpn_selected(nint ssl, byte** name, uint* bytes);

    [LibraryImport(Name)]
    internal static partial nint SSL_CTX_new(nint method);

    [LibraryImport(Name)]
    internal static partial void SSL_CTX_free(nint context);

    [LibraryImport(Name)]
    internal static partial nint SSL_CTX_ctrl(nint context, int command, nint number, void* argument);

    [LibraryImport(Name)]
    internal static partial ulong SSL_CTX_set_options(nint context, ulong options);

    [LibraryImport(Name)]
    internal static partial int SSL_CTX_set_cipher_list(nint context, byte* list);

    [LibraryImport(Name)]
    internal static partial int SSL_CTX_use_certificate_ASN1(nint context, int bytes, byte* der);

    [LibraryImport(Name)]
    internal static partial int SSL_CTX_use_PrivateKey(nint context, nint key);

    [LibraryImport(Name)]
    internal static partial int SSL_CTX_check_private_key(nint context);

    [LibraryImport(Name)]
    internal static partial void SSL_CTX_set_verify(nint context, int mode, nint callback);

    [LibraryImport(Name)]
    internal static partial void SSL_CTX_set_cert_verify_callback(
        nint context, delegate* unmanaged[Cdecl]<nint, nint, int> callback, nint argument);

    [LibraryImport(Name)]
    internal static partial void SSL_CTX_set_info_callback(
        nint context, delegate* unmanaged[Cdecl]<nint, int, int, void> callback);

    [LibraryImport(Name)]
    internal static partial nint SSL_new(nint context);

    [LibraryImport(Name)]
    internal static partial void SSL_free(nint ssl);

    [LibraryImport(Name)]
    internal static partial void SSL_set_bio(nint ssl, nint readBio, nint writeBio);

    [LibraryImport(Name)]
    internal static partial void SSL_set_connect_state(nint ssl);

    [LibraryImport(Name)]
    internal static partial void SSL_set_accept_state(nint ssl);

    [LibraryImport(Name)]
    internal static partial nint SSL_ctrl(nint ssl, int command, nint number, void* argument);

    [LibraryImport(Name)]
    internal static partial void DTLS_set_timer_cb(nint ssl, delegate* unmanaged[Cdecl]<nint, uint, uint> callback);

    [LibraryImport(Name)]
    internal static partial int SSL_do_handshake(nint ssl);

    [LibraryImport(Name)]
    internal static partial int SSL_is_init_finished(nint ssl);

    [LibraryImport(Name)]
    internal static partial int SSL_read(nint ssl, byte* buffer, int bytes);

    [LibraryImport(Name)]
    internal static partial int SSL_write(nint ssl, byte* buffer, int bytes);

    [LibraryImport(Name)]
    internal static partial int SSL_shutdown(nint ssl);

    [LibraryImport(Name)]
    internal static partial int SSL_get_error(nint ssl, int result);

    [LibraryImport(Name)]
    internal static partial byte* SSL_state_string(nint ssl);

    [LibraryImport(Name)]
    internal static partial int SSL_pending(nint ssl);

    [LibraryImport(Name)]
    internal static partial int SSL_has_pending(nint ssl);

    [LibraryImport(Name)]
    internal static partial byte* SSL_get_version(nint ssl);

    [LibraryImport(Name)]
    internal static partial nint SSL_get_current_cipher(nint ssl);

    [LibraryImport(Name)]
    internal static partial byte* SSL_CIPHER_get_name(nint cipher);

    [LibraryImport(Name)]
    internal static partial ushort SSL_CIPHER_get_protocol_id(nint cipher);

    /// <summary>The session stays the SSL's: nothing is to be freed.</summary>
    [LibraryImport(Name)]
    internal static partial nint SSL_get_session(nint ssl);

    [LibraryImport(Name)]
    internal static partial nuint SSL_SESSION_get_master_key(nint session, byte* output, nuint outputBytes);

    [LibraryImport(Name)]
    internal static partial nuint SSL_get_client_random(nint ssl, byte* output, nuint outputBytes);

    [LibraryImport(Name)]
    internal static partial nuint SSL_get_server_random(nint ssl, byte* output, nuint outputBytes);

    [LibraryImport(Name)]
    internal static partial int SSL_export_keying_material(
        nint ssl, byte* output, nuint outputBytes, byte* label, nuint labelBytes, byte* context, nuint contextBytes, int useContext);
}
