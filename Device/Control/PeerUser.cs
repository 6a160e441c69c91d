using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace OrleansUem.Device.Control;

/// <summary>Who is at the other end of a Unix socket (SO_PEERCRED, unix(7)).</summary>
internal static class PeerUser
{
    // asm-generic/socket.h, of x86 and ARM.
    private const int LevelSocket = 1;
    private const int PeerCredentials = 17;

    // struct ucred: process, user and group id.
    private const int CredentialBytes = 12;

    /// <summary>Whether it is root or the user that this process runs as.</summary>
    public static bool IsOwnerOrRoot(Socket socket)
    {
        Span<byte> credentials = stackalloc byte[CredentialBytes];
        return socket.GetRawSocketOption(LevelSocket, PeerCredentials, credentials) == CredentialBytes
            && MemoryMarshal.Read<uint>(credentials[4..]) is var user
            && (user == 0 || user == Own());
    }

    // The effective user id is the second of four.
    private static uint Own()
    {
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("Uid:", StringComparison.Ordinal));
        return uint.Parse(line.Split('\t')[2], NumberStyles.None, CultureInfo.InvariantCulture);
    }
}
