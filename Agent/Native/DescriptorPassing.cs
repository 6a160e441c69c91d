using System.Runtime.InteropServices;
using System.Text;

namespace OrleansUem.Agent.Native;

/// <summary>Open files from one process to another over a Unix socket: SCM_RIGHTS (unix(7)).</summary>
internal static unsafe partial class DescriptorPassing
{
    /// <summary>The text of <see cref="Receive"/> when the other end stayed silent.</summary>
    public const string NoAnswer = "no answer in time";

    // bits/socket.h, x86-64 and arm64.
    private const int FamilyUnix = 1;
    private const int TypeStreamCloseOnExec = 1 | 0x80000;
    private const int LevelSocket = 1;
    private const int ControlRights = 1;
    private const int MessageControlTruncated = 8;
    private const int MessageCloseOnExec = 0x40000000;
    private const int MessageNoSignal = 0x4000;

    // struct cmsghdr of 64-bit systems: length as size_t, level, type; the data follow and are padded to 8 bytes.
    private const int ControlHeaderBytes = 16;
    private const int DescriptorsMax = 16;
    private const int ControlBytes = ControlHeaderBytes + (DescriptorsMax * sizeof(int));
    private const int TextBytes = 4096;

    /// <summary>Two connected sockets, neither of which a started program inherits by itself.</summary>
    public static (OwnedDescriptor Ours, OwnedDescriptor Theirs) CreatePair()
    {
        var pair = stackalloc int[2];
        if (SocketPair(FamilyUnix, TypeStreamCloseOnExec, 0, pair) < 0)
        {
            throw new IOException($"Opening a pair of sockets failed: {ErrnoText.Describe(ErrnoText.Last())}.");
        }

        return (OwnedDescriptor.Take(pair[0], ""), OwnedDescriptor.Take(pair[1], ""));
    }

    /// <summary>A second descriptor of the same open file.</summary>
    public static OwnedDescriptor Duplicate(OwnedDescriptor descriptor) =>
        OwnedDescriptor.Take(Libc.Control(descriptor, Libc.DuplicateCloseOnExec, 0), "Duplicating a descriptor");

    /// <summary>Sends descriptors with one byte; both processes have them open afterwards.</summary>
    /// <exception cref="IOException">The other end is gone.</exception>
    public static void Send(SafeHandle socket, ReadOnlySpan<OwnedDescriptor> descriptors)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, DescriptorsMax);
        var control = stackalloc byte[ControlBytes];
        var bytes = ControlHeaderBytes + (descriptors.Length * sizeof(int));
        *(nint*)control = bytes;
        ((int*)control)[2] = LevelSocket;
        ((int*)control)[3] = ControlRights;
        for (var i = 0; i < descriptors.Length; i++)
        {
            ((int*)(control + ControlHeaderBytes))[i] = descriptors[i].Number;
        }

        byte mark = 0;
        var part = new Part { Base = (nint)(&mark), Bytes = 1 };
        var message = new Message { Parts = (nint)(&part), PartCount = 1, Control = (nint)control, ControlBytes = (bytes + 7) & ~7 };
        nint sent;
        while ((sent = SendMessage(socket, &message, MessageNoSignal)) < 0 && ErrnoText.Last() == Errno.EINTR)
        {
        }

        if (sent < 0)
        {
            throw new IOException($"Handing over open files failed: {ErrnoText.Describe(ErrnoText.Last())}.");
        }
    }

    /// <summary>Waits for descriptors; what comes before them is text for people.</summary>
    /// <param name="socket">This end.</param>
    /// <param name="timeout">How long the other end may be silent.</param>
    /// <param name="text">What the other end wrote, at most 4 KiB; why it failed, when null is returned.</param>
    /// <returns>The descriptors; null when the other end closed without sending any, or stayed silent.</returns>
    public static OwnedDescriptor[]? Receive(SafeHandle socket, TimeSpan timeout, out string text)
    {
        var written = new StringBuilder();
        var limit = new Libc.TimeLimit { Seconds = (long)timeout.TotalSeconds };
        var bytes = stackalloc byte[TextBytes];
        var control = stackalloc byte[ControlBytes];
        try
        {
            while (WaitReadable(socket, limit))
            {
                var part = new Part { Base = (nint)bytes, Bytes = TextBytes };
                var message = new Message { Parts = (nint)(&part), PartCount = 1, Control = (nint)control, ControlBytes = ControlBytes };
                var received = ReceiveMessage(socket, &message, MessageCloseOnExec);
                if (received < 0 && ErrnoText.Last() == Errno.EINTR)
                {
                    continue;
                }

                if (received <= 0)
                {
                    return null;
                }

                // A stream: one read may bring the text and, after it, the byte that carries the descriptors.
                var hasDescriptors = message.ControlBytes >= ControlHeaderBytes && ((int*)control)[2] == LevelSocket && ((int*)control)[3] == ControlRights;
                if (written.Length < TextBytes)
                {
                    written.Append(Encoding.UTF8.GetString(bytes, (int)received - (hasDescriptors ? 1 : 0)));
                }

                if (hasDescriptors)
                {
                    return Take(control, (message.Flags & MessageControlTruncated) == 0);
                }
            }

            written.Append(NoAnswer);
            return null;
        }
        finally
        {
            text = written.ToString().Trim();
        }
    }

    private static OwnedDescriptor[]? Take(byte* control, bool isWhole)
    {
        var count = (int)((*(nint*)control - ControlHeaderBytes) / sizeof(int));
        var descriptors = new OwnedDescriptor[count];
        for (var i = 0; i < count; i++)
        {
            descriptors[i] = OwnedDescriptor.Take(((int*)(control + ControlHeaderBytes))[i], "");
        }

        if (isWhole)
        {
            return descriptors;
        }

        Array.ForEach(descriptors, descriptor => descriptor.Dispose());
        return null;
    }

    private static bool WaitReadable(SafeHandle socket, Libc.TimeLimit limit)
    {
        Span<Libc.PollEntry> entries = [new Libc.PollEntry { Descriptor = (int)socket.DangerousGetHandle(), Events = Libc.PollIn }];
        int ready;
        while ((ready = Libc.Poll(entries, 1, [limit], [])) < 0 && ErrnoText.Last() == Errno.EINTR)
        {
        }

        return ready > 0;
    }

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    private static partial int SocketPair(int family, int type, int protocol, int* pair);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeHandle socket, Message* message, int flags);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(SafeHandle socket, Message* message, int flags);

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Part
    {
        public nint Base;
        public nint Bytes;
    }

    /// <summary>struct msghdr of 64-bit systems, 56 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Message
    {
        public nint Name;
        public uint NameBytes;
        public nint Parts;
        public nint PartCount;
        public nint Control;
        public nint ControlBytes;
        public int Flags;
    }
}
