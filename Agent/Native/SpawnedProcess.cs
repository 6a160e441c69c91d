using System.Globalization;
using System.Runtime.InteropServices;

namespace OrleansUem.Agent.Native;

/// <summary>
/// Child processes without System.Diagnostics.Process, which neither hands over a socket as standard input nor lets anybody wait for processes that it did not
/// start: here every process of this process's tree is waited for.
/// </summary>
internal static unsafe partial class SpawnedProcess
{
    // sys/prctl.h, signal(7), asm-generic/errno.h.
    private const int SetChildSubreaper = 36;
    private const int SignalPipe = 13;
    private const int SignalChild = 17;
    private const int ErrnoNoChild = 10;

    // spawn.h: POSIX_SPAWN_SETSIGDEF.
    private const short SetSignalDefaults = 0x04;

    // posix_spawnattr_t has 336 bytes and posix_spawn_file_actions_t 80 with glibc and musl; sigset_t 128.
    private const int AttributeBytes = 512;
    private const int ActionBytes = 256;
    private const int SignalSetBytes = 128;

    /// <summary>
    /// From here on orphans of this process's descendants become its children (PR_SET_CHILD_SUBREAPER, Linux 3.4), and the ends of its children are kept for it to read.
    /// </summary>
    public static void AdoptOrphans()
    {
        if (ProcessControl(SetChildSubreaper, 1, 0, 0, 0) < 0)
        {
            throw new IOException($"Adopting the command's processes failed: {ErrnoText.Describe(ErrnoText.Last())}.");
        }

        // Who started us may have told the kernel to forget them (SIGCHLD ignored), which is inherited.
        _ = SetSignalHandler(SignalChild, 0);
    }

    /// <summary>Starts a program with this process's environment, directory and, unless told otherwise, its standard streams.</summary>
    /// <param name="path">The program's file.</param>
    /// <param name="arguments">With the program's name as the first.</param>
    /// <param name="streams">All three standard streams of the program; null: ours.</param>
    /// <returns>The process id. Somebody has to wait for it.</returns>
    /// <exception cref="IOException">It can't be started.</exception>
    public static int Start(string path, IEnumerable<string> arguments, OwnedDescriptor? streams = null)
    {
        var actions = stackalloc byte[ActionBytes];
        var attributes = stackalloc byte[AttributeBytes];
        var signals = stackalloc byte[SignalSetBytes];
        _ = InitializeActions(actions);
        _ = InitializeAttributes(attributes);
        try
        {
            for (var stream = 0; streams is not null && stream <= 2; stream++)
            {
                _ = AddDuplicate(actions, streams.Number, stream);
            }

            // .NET ignores SIGPIPE, and what is ignored stays so over exec.
            _ = EmptySignalSet(signals);
            _ = AddToSignalSet(signals, SignalPipe);
            _ = SetDefaults(attributes, signals);
            _ = SetFlags(attributes, SetSignalDefaults);

            // The environment as the kernel gave it: the framework's copy has lost bytes that are no UTF-8.
            var environment = *(nint*)NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "environ");
            var errno = (Errno)Spawn(out var processId, path, actions, attributes, [.. arguments, null], environment);
            return errno == Errno.None ? processId : throw new IOException($"Starting {path} failed: {ErrnoText.Describe(errno)}.");
        }
        finally
        {
            _ = DestroyActions(actions);
            _ = DestroyAttributes(attributes);
        }
    }

    /// <summary>Waits for the end of a child.</summary>
    /// <param name="processId">Which; -1: any.</param>
    /// <param name="exitCode">Its exit status, or 128 and the signal's number.</param>
    /// <returns>The one that ended; 0: there are no children.</returns>
    public static int Wait(int processId, out int exitCode)
    {
        exitCode = 0;
        while (true)
        {
            var ended = WaitFor(processId, out var status, 0);
            if (ended > 0)
            {
                var signal = status & 0x7f;
                exitCode = signal == 0 ? (status >> 8) & 0xff : 128 + signal;
                return ended;
            }

            if ((int)ErrnoText.Last() == ErrnoNoChild)
            {
                return 0;
            }
        }
    }

    /// <summary>Sends a signal; no error when the process is gone.</summary>
    public static void Signal(int processId, SignalNumber signal) => _ = Libc.Kill(processId, (int)signal);

    /// <summary>Whether this process ignores the signal, and so would a program that it starts.</summary>
    public static bool IsIgnored(SignalNumber signal)
    {
        const string Field = "SigIgn:";
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(Field, StringComparison.Ordinal));
        return (ulong.Parse(line.AsSpan(Field.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> ((int)signal - 1) & 1) != 0;
    }

    /// <summary>Whether the terminal's signals (Ctrl-C) go to this process's group and so to its children by themselves.</summary>
    public static bool IsInForeground()
    {
        var opened = Libc.Open("/dev/tty", Libc.OpenReadOnly | Libc.OpenCloseOnExec);
        if (opened < 0)
        {
            return false;
        }

        using var terminal = OwnedDescriptor.Take(opened, "");
        return ForegroundGroup(terminal) == ProcessGroup();
    }

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int ProcessControl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    private static partial nint SetSignalHandler(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Spawn(out int processId, string path, byte* actions, byte* attributes, string?[] arguments, nint environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int InitializeActions(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int DestroyActions(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int AddDuplicate(byte* actions, int descriptor, int target);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int InitializeAttributes(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static partial int DestroyAttributes(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static partial int SetDefaults(byte* attributes, byte* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int SetFlags(byte* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    private static partial int EmptySignalSet(byte* signals);

    [LibraryImport("libc", EntryPoint = "sigaddset")]
    private static partial int AddToSignalSet(byte* signals, int signal);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int WaitFor(int processId, out int status, int options);

    [LibraryImport("libc", EntryPoint = "getpgrp")]
    private static partial int ProcessGroup();

    [LibraryImport("libc", EntryPoint = "tcgetpgrp", SetLastError = true)]
    private static partial int ForegroundGroup(OwnedDescriptor terminal);
}
