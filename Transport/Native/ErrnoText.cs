using System.Runtime.InteropServices;

namespace OrleansUem.Transport.Native;

/// <summary>Names for error numbers: an operator searches for EPERM, not for 1.</summary>
internal static class ErrnoText
{
    /// <summary>The error of the last imported call on this thread.</summary>
    public static Errno Last() => (Errno)Marshal.GetLastPInvokeError();

    /// <summary>For example "EPERM (Operation not permitted)".</summary>
    public static string Describe(Errno errno) => $"{errno} ({Marshal.GetPInvokeErrorMessage((int)errno)})";
}
