using System.ComponentModel;
using Microsoft.Win32.SafeHandles;

namespace OrleansUem.Transport.Native;

/// <summary>A file descriptor that closes once and only when no call is using it.</summary>
internal sealed class OwnedDescriptor : SafeHandleMinusOneIsInvalid
{
    public OwnedDescriptor()
        : base(ownsHandle: true)
    {
    }

    /// <summary>Takes the result of a call that returns a descriptor, or throws with the last error.</summary>
    public static OwnedDescriptor Take(int result, string attempted)
    {
        if (result < 0)
        {
            Errno errno = ErrnoText.Last();
            throw new Win32Exception((int)errno, $"{attempted} failed: {ErrnoText.Describe(errno)}.");
        }

        OwnedDescriptor descriptor = new();
        descriptor.SetHandle(result);
        return descriptor;
    }

    /// <summary>The number for struct pollfd. The caller keeps this object alive while it polls.</summary>
    public int Number => (int)handle;

    protected override bool ReleaseHandle() => DescriptorCalls.Close(handle) == 0;
}
