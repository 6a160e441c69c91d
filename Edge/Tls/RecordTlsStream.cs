using System.Buffers;
using System.Runtime.CompilerServices;
using OrleansUem.Dtls.Tls;
using OrleansUem.Transport;

namespace OrleansUem.Edge.Tls;

/// <summary>
/// The plaintext side of a TLS 1.3 connection whose records <see cref="TlsRecords"/> protects. One reader and one writer at a time. Buffers are rented while there is data: a read without a buffer
/// waits for the client and holds none.
/// </summary>
internal sealed class RecordTlsStream : SequentialStream, IHalfCloseStream
{
    /// <summary>A record of the longest kind fits twice less a little: what one receive brings is opened at once.</summary>
    private const int InputBytes = 32 * 1024;

    private const byte BadRecordMac = 20; // RFC 8446 §6
    private const byte UnexpectedMessage = 10;

    private readonly Stream _inner;
    private readonly TlsRecords _records;
    private byte[]? _input;
    private int _inputStart;
    private int _inputEnd;
    private int _plainStart;
    private int _plainEnd;
    private int _isWriting;
    private bool _isClosedByPeer;
    private string? _fault;
    private byte _alert;

    /// <param name="inner">The connection; owned.</param>
    /// <param name="records">Its keys; owned.</param>
    /// <param name="early">What came behind the handshake; copied.</param>
    public RecordTlsStream(Stream inner, TlsRecords records, ReadOnlySpan<byte> early)
    {
        _inner = inner;
        _records = records;
        if (!early.IsEmpty)
        {
            _input = ArrayPool<byte>.Shared.Rent(InputBytes);
            early.CopyTo(_input);
            _inputEnd = early.Length;
        }
    }

    // The wait of an idle connection is the socket's own, with nothing of ours around it.
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        buffer.IsEmpty && _input is null && !_isClosedByPeer && _fault is null
            ? _inner.ReadAsync(buffer, cancellationToken)
            : ReadRecordsAsync(buffer, cancellationToken);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var part = buffer[..Math.Min(buffer.Length, TlsRecords.PlaintextBytesMax)];
            buffer = buffer[part.Length..];
            var output = ArrayPool<byte>.Shared.Rent(TlsRecords.SealedBytesMax(part.Length));
            BeginWrite();
            try
            {
                await _inner.WriteAsync(output.AsMemory(0, RequireSealed(_records.Seal(part.Span, output))), cancellationToken);
            }
            finally
            {
                EndWrite();
                ArrayPool<byte>.Shared.Return(output);
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronous writes.");

    public override void Flush()
    {
        // Every write goes to the socket.
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task EndSendingAsync()
    {
        var output = new byte[TlsRecords.OverheadBytes + 2];
        BeginWrite();
        try
        {
            await _inner.WriteAsync(output.AsMemory(0, RequireSealed(_records.SealCloseNotify(output))));
        }
        finally
        {
            EndWrite();
        }
    }

    public override async ValueTask DisposeAsync()
    {
        _records.Dispose();
        await _inner.DisposeAsync();
        await base.DisposeAsync();
    }

    // A buffer that a read still holds is left to the collector.
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _records.Dispose();
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadRecordsAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryRead(buffer.Span, out var read))
            {
                return read;
            }

            if (_fault is { } fault)
            {
                await SendAlertAsync(cancellationToken);
                throw new IOException(fault);
            }

            if (buffer.IsEmpty)
            {
                // With half a record in the buffer it is kept until the rest comes.
                return await _inner.ReadAsync(Memory<byte>.Empty, cancellationToken);
            }

            var input = PrepareInput();
            var count = await _inner.ReadAsync(input.AsMemory(_inputEnd), cancellationToken);
            if (count == 0)
            {
                return _inputEnd == _inputStart ? 0 : throw new IOException("The peer hung up in the middle of a TLS record.");
            }

            _inputEnd += count;
        }
    }

    private static int RequireSealed(int bytes) => bytes > 0 ? bytes : throw new ObjectDisposedException(nameof(RecordTlsStream));

    // What is there without waiting. For an empty buffer: whether a read would find something.
    private bool TryRead(Span<byte> buffer, out int read)
    {
        read = 0;
        while (true)
        {
            var taken = Math.Min(buffer.Length - read, _plainEnd - _plainStart);
            if (taken > 0)
            {
                _input.AsSpan(_plainStart, taken).CopyTo(buffer[read..]);
                _plainStart += taken;
                read += taken;
            }

            if (_plainStart < _plainEnd || (read == buffer.Length && read > 0))
            {
                break;
            }

            if (_isClosedByPeer || _fault is not null || !TryTakeRecord(out var record))
            {
                break;
            }

            if (buffer.IsEmpty)
            {
                // Left as it is for the read that follows.
                return true;
            }

            Open(record);
        }

        ReleaseInput();
        return read > 0 || _plainStart < _plainEnd || _isClosedByPeer;
    }

    private bool TryTakeRecord(out Range record)
    {
        record = default;
        var available = _inputEnd - _inputStart;
        if (available < TlsRecords.HeaderBytes)
        {
            return false;
        }

        var body = TlsRecords.BodyBytes(_input.AsSpan(_inputStart, TlsRecords.HeaderBytes));
        if (body < 0)
        {
            Fail("What the peer sent is no TLS record of data.", UnexpectedMessage);
            return false;
        }

        record = _inputStart..(_inputStart + TlsRecords.HeaderBytes + body);
        return available >= TlsRecords.HeaderBytes + body;
    }

    // Opens a whole record in place.
    private void Open(Range record)
    {
        _inputStart = record.End.Value;
        switch (_records.Open(_input.AsSpan(record), out var plaintext))
        {
            case TlsRecordOutcome.Data:
                _plainStart = record.Start.Value + TlsRecords.HeaderBytes;
                _plainEnd = _plainStart + plaintext.Length;
                break;
            case TlsRecordOutcome.Nothing:
                break;
            case TlsRecordOutcome.Closed:
                _isClosedByPeer = true;
                break;
            case TlsRecordOutcome.Alert:
                Fail($"The peer ended TLS with alert {_records.PeerAlert}.", 0);
                break;
            default:
                Fail("A TLS record of the peer does not authenticate.", BadRecordMac);
                break;
        }
    }

    private void Fail(string fault, byte alert) => (_fault, _alert) = (fault, alert);

    private void ReleaseInput()
    {
        if (_input is { } input && _inputStart == _inputEnd && _plainStart == _plainEnd)
        {
            _input = null;
            (_inputStart, _inputEnd, _plainStart, _plainEnd) = (0, 0, 0, 0);
            ArrayPool<byte>.Shared.Return(input);
        }
    }

    // With room for the rest of the record that has begun.
    private byte[] PrepareInput()
    {
        var input = _input ??= ArrayPool<byte>.Shared.Rent(InputBytes);
        if (_inputStart > 0)
        {
            input.AsSpan(_inputStart, _inputEnd - _inputStart).CopyTo(input);
            _inputEnd -= _inputStart;
            (_inputStart, _plainStart, _plainEnd) = (0, 0, 0);
        }

        return input;
    }

    // The writer is in the middle of a record, or gone: then the connection ends without it.
    private async ValueTask SendAlertAsync(CancellationToken cancellationToken)
    {
        if (_alert == 0 || Interlocked.CompareExchange(ref _isWriting, 1, 0) != 0)
        {
            return;
        }

        try
        {
            var output = new byte[TlsRecords.OverheadBytes + 2];
            await _inner.WriteAsync(output.AsMemory(0, RequireSealed(_records.SealAlert(_alert, output))), cancellationToken);
        }
        finally
        {
            EndWrite();
        }
    }

    private void BeginWrite()
    {
        if (Interlocked.Exchange(ref _isWriting, 1) != 0)
        {
            throw new IOException("The connection is ending.");
        }
    }

    private void EndWrite() => Volatile.Write(ref _isWriting, 0);
}
