using System.Buffers;

namespace OrleansUem.Transport;

/// <summary>What was read of a stream and is not handled yet, in one buffer that is rented while it holds bytes. Not for concurrent use; must not be copied.</summary>
internal struct FrameInput : IDisposable
{
    /// <summary>A whole TLS record of plaintext (16 KB, RFC 8446 §5.1) fits behind what is there of any frame but the very longest.</summary>
    private const int BufferBytes = 32 * 1024;

    private byte[]? _buffer;
    private int _bytes;

    /// <summary>Whether a frame has begun, or a read is under way.</summary>
    public readonly bool HoldsBuffer => _buffer is not null;

    /// <summary>All that is there.</summary>
    public readonly ReadOnlySequence<byte> Unread => new(_buffer!, 0, _bytes);

    /// <summary>Where the next read puts its bytes.</summary>
    public Memory<byte> Room() => (_buffer ??= ArrayPool<byte>.Shared.Rent(BufferBytes)).AsMemory(_bytes);

    /// <summary>A read put bytes into the room.</summary>
    public void Add(int bytes) => _bytes += bytes;

    /// <summary>All but the last bytes are handled; with none left the buffer is given back.</summary>
    public void Keep(int bytes)
    {
        if (bytes == 0)
        {
            Dispose();
            return;
        }

        _buffer.AsSpan(_bytes - bytes, bytes).CopyTo(_buffer);
        _bytes = bytes;
    }

    /// <summary>Gives the buffer back; no read may be under way.</summary>
    public void Dispose()
    {
        if (_buffer is { } buffer)
        {
            (_buffer, _bytes) = (null, 0);
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
