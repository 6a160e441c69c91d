using System.Net;
using System.Net.Sockets;
using OrleansUem.Transport.Datagrams;

namespace OrleansUem.Edge.Paths;

/// <summary>The UDP sockets of one listening address: one for each receive thread, over which the kernel spreads the peers.</summary>
internal sealed class UdpListener : IDisposable
{
    private readonly UdpBatchSocket[] _sockets;

    private UdpListener(UdpBatchSocket[] sockets) => _sockets = sockets;

    /// <summary>Address and port; the port that was taken for port 0.</summary>
    public IPEndPoint LocalEndPoint => _sockets[0].LocalEndPoint;

    /// <summary>Whether a datagram's own address must be kept to answer from it.</summary>
    public bool TellsOwnAddress => _sockets[0].TellsOwnAddress;

    /// <summary>Opens the sockets.</summary>
    /// <param name="endPoint">Address and port; port 0 takes a free one.</param>
    /// <param name="options">Settings.</param>
    /// <param name="portOption">The option that chooses another port, for the error.</param>
    /// <param name="onSegmentationRefused">See <see cref="UdpSocketOptions.OnSegmentationRefused"/>.</param>
    /// <exception cref="IOException">The address can't be bound; the text names it.</exception>
    public static UdpListener Bind(IPEndPoint endPoint, EdgeUdpOptions options, string portOption, Action<string> onSegmentationRefused)
    {
        var sockets = new List<UdpBatchSocket>();
        var settings = new UdpSocketOptions
        {
            ReceiveBufferBytes = options.ReceiveBufferBytes,
            SendBufferBytes = options.SendBufferBytes,
            IsShared = true,
            OnSegmentationRefused = onSegmentationRefused,
        };
        try
        {
            // Sockets that share a port also share it with another process of the same user; one that does not finds out.
            UdpBatchSocket.Bind(endPoint, settings with { IsShared = false }).Dispose();
            for (var i = 0; i < options.Threads; i++)
            {
                sockets.Add(UdpBatchSocket.Bind(i == 0 ? endPoint : sockets[0].LocalEndPoint, settings));
            }

            return new UdpListener([.. sockets]);
        }
        catch (SocketException e)
        {
            sockets.ForEach(socket => socket.Dispose());
            var advice = e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => $"another process has this port. Stop that, choose another with {portOption}, or do without UDP (--no-udp).",
                SocketError.AddressNotAvailable => "no interface of this machine has this address.",
                SocketError.AccessDenied => "not permitted; a port below 1024 needs root or CAP_NET_BIND_SERVICE. Without UDP: --no-udp.",
                _ => $"{e.SocketErrorCode}. Without UDP: --no-udp.",
            };
            throw new IOException($"Listening on {endPoint}/udp failed: {advice}", e);
        }
    }

    /// <summary>The socket of a receive thread; any number is one.</summary>
    public UdpBatchSocket Socket(int thread) => _sockets[(uint)thread % (uint)_sockets.Length];

    public void Dispose()
    {
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }
    }
}
