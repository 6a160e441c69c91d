using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace OrleansUem.Device.Names;

/// <summary>
/// Asks name servers one after the other until one answers. A socket of its own for each question: the port is the kernel's random one, and nobody but the server that was asked can be
/// heard. The server that answered last is asked first.
/// </summary>
internal sealed class NameServerClient(TimeProvider time)
{
    /// <summary>Wait for one server's answer. Three of them take no longer than the two attempts of five seconds that the C library makes.</summary>
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(3);

    private volatile IPEndPoint? _lastThatAnswered;

    /// <summary>Asks.</summary>
    /// <param name="servers">Best first.</param>
    /// <param name="question">The message, with its own id.</param>
    /// <param name="questionEnd">Where its question ends.</param>
    /// <param name="isTcp">Over TCP instead of UDP.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The first answer that is no refusal, else the last refusal, else null.</returns>
    public async Task<byte[]?> AskAsync(
        IReadOnlyList<IPEndPoint> servers, byte[] question, int questionEnd, bool isTcp, CancellationToken cancellationToken)
    {
        byte[]? refusal = null;
        foreach (var server in InOrder(servers))
        {
            using var limit = new CancellationTokenSource(AnswerTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            try
            {
                var answer = isTcp
                    ? await AskStreamAsync(server, question, questionEnd, either.Token)
                    : await AskDatagramAsync(server, question, questionEnd, either.Token);
                if (answer is not null && !IsRefusal(answer))
                {
                    _lastThatAnswered = server;
                    return answer;
                }

                refusal = answer ?? refusal;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // No answer in time: the next one.
            }
            catch (SocketException)
            {
                // Nobody there, or no way to it: the next one.
            }
        }

        return refusal;
    }

    private IEnumerable<IPEndPoint> InOrder(IReadOnlyList<IPEndPoint> servers)
    {
        var first = _lastThatAnswered;
        return first is not null && servers.Contains(first) ? servers.Where(first.Equals).Concat(servers.Where(server => !first.Equals(server))) : servers;
    }

    private static async Task<byte[]?> AskDatagramAsync(IPEndPoint server, byte[] question, int questionEnd, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellationToken);
        await socket.SendAsync(question, cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent(ushort.MaxValue);
        try
        {
            while (true)
            {
                var bytes = await socket.ReceiveAsync(buffer, cancellationToken);
                if (DnsMessage.IsAnswer(question, questionEnd, buffer.AsSpan(0, bytes)))
                {
                    return buffer[..bytes];
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task<byte[]?> AskStreamAsync(IPEndPoint server, byte[] question, int questionEnd, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, cancellationToken);
        await DnsStream.WriteAsync(socket, question, cancellationToken);
        return await DnsStream.ReadAsync(socket, cancellationToken) is { } answer && DnsMessage.IsAnswer(question, questionEnd, answer) ? answer : null;
    }

    // SERVFAIL, NOTIMP, REFUSED: of this server, and no word on the name.
    private static bool IsRefusal(byte[] answer) => DnsMessage.ResponseCode(answer) is 2 or 4 or 5;
}
