using System.Runtime.InteropServices;

namespace OrleansUem.Transport.Native;

/// <summary>System calls on any descriptor. Every import sets the last error; callers turn it into an <see cref="Errno"/> at once.</summary>
internal static partial class DescriptorCalls
{
    public const short PollIn = 1;
    public const short PollOut = 4;

    private const string Library = "libc";

    [LibraryImport(Library, EntryPoint = "close", SetLastError = true)]
    public static partial int Close(nint descriptor);

    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(OwnedDescriptor descriptor, Span<byte> buffer, nint bytes);

    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(OwnedDescriptor descriptor, ReadOnlySpan<byte> buffer, nint bytes);

    [LibraryImport(Library, EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventFd(uint initial, int flags);

    /// <summary>A negative time is no limit.</summary>
    [LibraryImport(Library, EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(Span<PollEntry> entries, nuint count, int milliseconds);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short ReturnedEvents;
    }
}
