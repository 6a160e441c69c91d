using System.Runtime.InteropServices;

namespace OrleansUem.Dtls.Native;

/// <summary>Owns one reference to an SSL_CTX. Each SSL made from it holds another, so the order of disposal is
/// free.</summary>
internal sealed class SslContextHandle : SafeHandle
{
    public SslContextHandle(nint context)
        : base(0, ownsHandle: true)
    {
        SetHandle(context);
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibSsl.SSL_CTX_free(handle);
        return true;
    }
}
