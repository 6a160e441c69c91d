using System.Net.Sockets;

namespace OrleansUem.Transport;

/// <summary>Why a connection was not made, in words for a person.</summary>
public static class SocketErrorText
{
    /// <summary>Describes what the operating system or the resolver said.</summary>
    /// <param name="error">Its code.</param>
    /// <returns>A clause without a full stop.</returns>
    public static string Describe(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => "nothing listens on this port there",
        SocketError.HostNotFound or SocketError.NoData => "there is no host of this name",
        SocketError.TryAgain => "the name could not be looked up now",
        SocketError.NetworkUnreachable or SocketError.HostUnreachable or SocketError.NetworkDown => "this machine has no way there",
        SocketError.AddressFamilyNotSupported => "this machine has no network of this kind (IPv4 or IPv6)",
        SocketError.TimedOut => "no answer",
        SocketError.ConnectionReset => "it closed the connection at once",
        SocketError.AccessDenied => "a firewall of this machine forbids it",
        _ => $"{error}",
    };
}
