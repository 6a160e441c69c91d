using System.Runtime.InteropServices;

namespace OrleansUem.Dtls.Native;

/// <summary>Owns one SSL object, its BIO and its reference to the SSL_CTX. SSL_free releases all three.</summary>
internal sealed class SslHandle : SafeHandle
{
    public SslHandle(nint ssl)
        : base(0, ownsHandle: true)
    {
        SetHandle(ssl);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The SSL pointer. Valid while this object is reachable and not disposed; the caller keeps it
    /// so.</summary>
    public nint Pointer => handle;

    protected override bool ReleaseHandle()
    {
        LibSsl.SSL_free(handle);
        return true;
    }
}
