using System.Runtime.InteropServices;

namespace OrleansUem.Agent.Native;

/// <summary>
/// The system calls that the agent needs and the framework does not offer. Every import sets the last error; callers turn
/// it into an <see cref="Errno"/> at once. Handles are passed as <see cref="OwnedDescriptor"/>, so that a descriptor
/// number cannot be reused while another thread is inside a call with it.
/// </summary>
internal static partial class Libc
{
    public const int OpenReadOnly = 0;
    public const int OpenWriteOnly = 1;
    public const int OpenReadWrite = 2;
    public const int OpenAppend = 0x400;
    public const int OpenNonBlocking = 0x800;
    public const int OpenCloseOnExec = 0x80000;

    /// <summary>F_DUPFD_CLOEXEC.</summary>
    public const int DuplicateCloseOnExec = 1030;

    public const short PollIn = 1;
    public const short PollPriority = 2;
    public const short PollOut = 4;
    public const short PollError = 8;
    public const short PollHangUp = 16;

    private const string Library = "libc";

    [LibraryImport(Library, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport(Library, EntryPoint = "fsync", SetLastError = true)]
    public static partial int Synchronize(OwnedDescriptor descriptor);

    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(OwnedDescriptor descriptor, Span<byte> buffer, nint bytes);

    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(OwnedDescriptor descriptor, ReadOnlySpan<byte> buffer, nint bytes);

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Ioctl(OwnedDescriptor descriptor, nuint request, Span<byte> argument);

    /// <summary>For requests whose argument is the value itself.</summary>
    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Ioctl(OwnedDescriptor descriptor, nuint request, nint value);

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    public static partial int Control(OwnedDescriptor descriptor, int command, int value);

    /// <summary>An empty <paramref name="timeout"/> is a null pointer: no limit. An empty mask changes no signal.</summary>
    [LibraryImport(Library, EntryPoint = "ppoll", SetLastError = true)]
    public static partial int Poll(
        Span<PollEntry> entries, nuint count, ReadOnlySpan<TimeLimit> timeout, ReadOnlySpan<byte> signalMask);

    [LibraryImport(Library, EntryPoint = "socket", SetLastError = true)]
    public static partial int Socket(int family, int type, int protocol);

    [LibraryImport(Library, EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetSocketOption(OwnedDescriptor descriptor, int level, int name, in int value, uint bytes);

    [LibraryImport(Library, EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(OwnedDescriptor descriptor, ReadOnlySpan<byte> buffer, nint bytes, int flags);

    [LibraryImport(Library, EntryPoint = "recv", SetLastError = true)]
    public static partial nint Receive(OwnedDescriptor descriptor, Span<byte> buffer, nint bytes, int flags);

    [LibraryImport(Library, EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int processId, int signal);

    /// <summary>Moves the calling thread, and only it, into another namespace.</summary>
    [LibraryImport(Library, EntryPoint = "setns", SetLastError = true)]
    public static partial int SetNamespace(OwnedDescriptor descriptor, int type);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short ReturnedEvents;
    }

    /// <summary>struct timespec of 64-bit systems.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TimeLimit
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
