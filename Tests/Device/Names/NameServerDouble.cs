using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using OrleansUem.Device.Names;

namespace OrleansUem.Tests.Device.Names;

/// <summary>A name server on loopback, UDP and TCP, that answers every question the same way and remembers the names.</summary>
internal sealed class NameServerDouble : IDisposable
{
    private readonly Socket _datagrams = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Func<byte[], byte[]?> _answer;

    /// <param name="answer">Makes the answer; null: none.</param>
    public NameServerDouble(Func<byte[], byte[]?> answer)
    {
        _answer = answer;
        _datagrams.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Bind(_datagrams.LocalEndPoint!);
        _listener.Listen();
        _ = ServeDatagramsAsync();
        _ = ServeStreamsAsync();
    }

    public IPEndPoint Address => (IPEndPoint)_datagrams.LocalEndPoint!;

    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>A whole answer with one byte of the server's own at its end.</summary>
    public static byte[] Answer(byte[] question, int responseCode, byte mark)
    {
        var answer = question.Append(mark).ToArray();
        answer[2] |= 0x80;
        answer[3] = (byte)(0x80 | responseCode);
        return answer;
    }

    public void Dispose()
    {
        _datagrams.Dispose();
        _listener.Dispose();
    }

    private async Task ServeDatagramsAsync()
    {
        var buffer = new byte[65_535];
        try
        {
            while (true)
            {
                var received = await _datagrams.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                if (Take(buffer[..received.ReceivedBytes]) is { } answer)
                {
                    await _datagrams.SendToAsync(answer, received.RemoteEndPoint);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task ServeStreamsAsync()
    {
        try
        {
            while (true)
            {
                using var connection = await _listener.AcceptAsync();
                if (await DnsStream.ReadAsync(connection, CancellationToken.None) is { } question && Take(question) is { } answer)
                {
                    await DnsStream.WriteAsync(connection, answer, CancellationToken.None);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private byte[]? Take(byte[] question)
    {
        var name = new char[DnsMessage.NameCharactersMax];
        DnsMessage.TryReadQuestion(question, name, out var characters, out _);
        Asked.Enqueue(new string(name, 0, characters));
        return _answer(question);
    }
}
