using System.Net.Sockets;

namespace OrleansUem.Transport;

/// <summary>
/// A connected socket as a stream; owns it. Unlike NetworkStream it sends what the kernel takes at once without an asynchronous operation, so that a connection whose peer keeps up never has the framework's state for one (360 bytes).
/// </summary>
internal sealed class SocketStream : SequentialStream
{
    private readonly Socket _socket;

    public SocketStream(Socket socket)
    {
        _socket = socket;
        socket.Blocking = false;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var sent = _socket.Send(buffer.Span, SocketFlags.None, out var error);
        return error switch
        {
            SocketError.Success when sent == buffer.Length => default,
            SocketError.Success => SendRestAsync(buffer[sent..], cancellationToken),
            SocketError.WouldBlock => SendRestAsync(buffer, cancellationToken),
            _ => ValueTask.FromException(new SocketException((int)error)),
        };
    }

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronous writes.");

    public override void Flush()
    {
        // Every write goes to the socket.
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _socket.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask SendRestAsync(ReadOnlyMemory<byte> rest, CancellationToken cancellationToken)
    {
        while (!rest.IsEmpty)
        {
            rest = rest[await _socket.SendAsync(rest, SocketFlags.None, cancellationToken)..];
        }
    }
}
