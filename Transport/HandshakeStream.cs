namespace OrleansUem.Transport;

/// <summary>
/// What a server's SslStream reads and writes: the bytes that were read before it was made, then the socket. During the handshake each answer of the peer waits for a turn on the <see cref="HandshakeThreads"/>, and what SslStream
/// computes from it runs there, as the continuation of the read. Afterwards it only passes calls on.
/// </summary>
internal sealed class HandshakeStream(
    Stream inner, ArraySegment<byte> hello, PendingConnection pending, HandshakeThreads threads) : SequentialStream
{
    private ArraySegment<byte> _hello = hello;
    private volatile bool _isOver;

    /// <summary>The handshake is over: reads go straight to the socket.</summary>
    public void EndHandshake() => _isOver = true;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _isOver && _hello.Count == 0 ? inner.ReadAsync(buffer, cancellationToken) : ReadInTurnAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);

    public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> ReadInTurnAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (_hello.Count > 0)
        {
            var count = Math.Min(buffer.Length, _hello.Count);
            _hello.AsSpan(0, count).CopyTo(buffer.Span);
            _hello = count == _hello.Count ? default : _hello[count..];
            return count;
        }

        pending.AwaitPeer();
        var read = await inner.ReadAsync(buffer, cancellationToken);
        pending.HeardPeer();
        await threads.TakeTurn(pending.Address);

        // The wait for the turn may have used up the time: what is given up is not computed.
        cancellationToken.ThrowIfCancellationRequested();
        return read;
    }
}
