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
    public static bool IsOwnerOrRoot(Socket socket) => Read(socket) is { } peer && (peer.User == 0 || peer.User == Own());

    /// <summary>Whether it is the user that this process runs as, and no other.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="processId">The process that made the connection.</param>
    public static bool IsOwner(Socket socket, out int processId)
    {
        var peer = Read(socket);
        processId = peer?.Process ?? 0;
        return peer?.User == Own();
    }

    private static (int Process, uint User)? Read(Socket socket)
    {
        Span<byte> credentials = stackalloc byte[CredentialBytes];
        return socket.GetRawSocketOption(LevelSocket, PeerCredentials, credentials) == CredentialBytes
            ? (MemoryMarshal.Read<int>(credentials), MemoryMarshal.Read<uint>(credentials[4..]))
            : null;
    }

    // The effective user id is the second of four.
    private static uint Own()
    {
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("Uid:", StringComparison.Ordinal));
        return uint.Parse(line.Split('\t')[2], NumberStyles.None, CultureInfo.InvariantCulture);
    }
}
