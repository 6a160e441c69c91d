using System.Runtime.InteropServices;

namespace OrleansUem.Agent.Native;

/// <summary>libslirp 4.7 or later (libslirp.h): a TCP/IP stack that answers a guest's packets with sockets of this process. Not thread-safe: one thread owns all of it.</summary>
internal static unsafe partial class LibSlirp
{
    /// <summary>Of <see cref="Config"/>: the one that came with 4.7, which later releases take as well.</summary>
    public const uint ConfigVersion = 4;

    public static readonly Version VersionMin = new(4, 7);

    // SLIRP_POLL_*.
    public const int PollIn = 1;
    public const int PollOut = 2;
    public const int PollPriority = 4;
    public const int PollError = 8;
    public const int PollHangUp = 16;

    private const string Library = "libslirp.so.0";

    /// <summary>The version of the library; null: it can't be loaded here.</summary>
    public static Version? FindVersion() =>
        NativeLibrary.TryLoad(Library, out _) && Version.TryParse(Marshal.PtrToStringUTF8(VersionString()), out var version) ? version : null;

    [LibraryImport(Library, EntryPoint = "slirp_version_string")]
    private static partial nint VersionString();

    [LibraryImport(Library, EntryPoint = "slirp_new")]
    public static partial nint Create(in Config config, Callbacks* callbacks, nint opaque);

    [LibraryImport(Library, EntryPoint = "slirp_cleanup")]
    public static partial void Destroy(nint slirp);

    [LibraryImport(Library, EntryPoint = "slirp_input")]
    public static partial void Input(nint slirp, byte* frame, int bytes);

    [LibraryImport(Library, EntryPoint = "slirp_pollfds_fill")]
    public static partial void FillPolls(nint slirp, ref uint timeoutMilliseconds, delegate* unmanaged[Cdecl]<int, int, nint, int> addPoll, nint opaque);

    /// <summary>With <paramref name="isSkipped"/> not 0 only timers and the output queue are looked after, not the sockets.</summary>
    [LibraryImport(Library, EntryPoint = "slirp_pollfds_poll")]
    public static partial void HandlePolls(nint slirp, int isSkipped, delegate* unmanaged[Cdecl]<int, nint, int> returnedEvents, nint opaque);

    /// <summary>SlirpConfig of version 4: 184 bytes on 64-bit systems. Its bools are single bytes, its addresses in network order.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Config
    {
        public uint Version;
        public int IsRestricted;
        public byte IsIpv4Enabled;
        public uint Network;
        public uint NetworkMask;
        public uint Host;
        public byte IsIpv6Enabled;
        public Address6 Prefix6;
        public byte Prefix6Length;
        public Address6 Host6;
        public nint HostName;
        public nint TftpServerName;
        public nint TftpPath;
        public nint BootFile;
        public uint DhcpStart;
        public uint NameServer;
        public Address6 NameServer6;
        public nint DnsSearch;
        public nint DomainName;
        public nuint MtuBytes;
        public nuint MruBytes;
        public byte IsHostLoopbackDisabled;
        public byte IsEmulationEnabled;
        public nint OutboundAddress;
        public nint OutboundAddress6;
        public byte IsDnsDisabled;
        public byte IsDhcpDisabled;
    }

    /// <summary>struct in6_addr; unused here.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Address6
    {
        public uint Word0;
        public uint Word1;
        public uint Word2;
        public uint Word3;
    }

    /// <summary>SlirpCb. The library keeps the pointer as long as the stack lives.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Callbacks
    {
        public delegate* unmanaged[Cdecl]<byte*, nuint, nint, nint> SendPacket;
        public delegate* unmanaged[Cdecl]<byte*, nint, void> GuestError;
        public delegate* unmanaged[Cdecl]<nint, long> ClockNanoseconds;
        public delegate* unmanaged[Cdecl]<nint, nint, nint, nint> TimerNew;
        public delegate* unmanaged[Cdecl]<nint, nint, void> TimerFree;
        public delegate* unmanaged[Cdecl]<nint, long, nint, void> TimerModify;
        public delegate* unmanaged[Cdecl]<int, nint, void> RegisterSocket;
        public delegate* unmanaged[Cdecl]<int, nint, void> UnregisterSocket;
        public delegate* unmanaged[Cdecl]<nint, void> Notify;
        public delegate* unmanaged[Cdecl]<nint, nint, void> InitCompleted;
        public delegate* unmanaged[Cdecl]<int, nint, nint, nint> TimerNewOpaque;
    }
}
