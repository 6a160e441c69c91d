using System.Buffers;
using System.Buffers.Binary;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Edge.Audit;

/// <summary>Writes what the edge forwards to a file; the format stands at <see cref="EdgeOptions.AuditCapturePath"/>. Thread-safe.</summary>
internal sealed class AuditCapture : IDisposable
{
    private const int EntryHeaderBytes = 8 + 8 + 4 + 2;

    private readonly Lock _lock = new();
    private readonly FileStream _file;
    private readonly TimeProvider _time;
    private long _bytesLeft;
    private bool _isDisposed;

    public AuditCapture(string path, long maxBytes, TimeProvider time)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            Share = FileShare.Read,
            BufferSize = 64 * 1024,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        _file = new FileStream(path, options);
        _time = time;
        _file.Write("UEMAUD1\n"u8);
        _bytesLeft = maxBytes - 8;
    }

    /// <summary>Writes a datagram that came over TCP.</summary>
    public void Write(ulong session, Channel channel, in ReadOnlySequence<byte> payload)
    {
        lock (_lock)
        {
            if (TryBegin(session, channel, (int)payload.Length))
            {
                foreach (var part in payload)
                {
                    _file.Write(part.Span);
                }
            }
        }
    }

    /// <summary>Writes a datagram that came over UDP.</summary>
    public void Write(ulong session, Channel channel, ReadOnlySpan<byte> payload)
    {
        lock (_lock)
        {
            if (TryBegin(session, channel, payload.Length))
            {
                _file.Write(payload);
            }
        }
    }

    /// <summary>Hands what is buffered to the kernel; once a second.</summary>
    public void Flush()
    {
        lock (_lock)
        {
            if (!_isDisposed)
            {
                _file.Flush();
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _file.Dispose();
        }
    }

    // Inside the lock. A capture that is full stays as it is.
    private bool TryBegin(ulong session, Channel channel, int payloadBytes)
    {
        if (_isDisposed || _bytesLeft < EntryHeaderBytes + payloadBytes)
        {
            _bytesLeft = 0;
            return false;
        }

        Span<byte> header = stackalloc byte[EntryHeaderBytes];
        BinaryPrimitives.WriteInt64BigEndian(header, _time.GetUtcNow().ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteUInt64BigEndian(header[8..], session);
        BinaryPrimitives.WriteUInt32BigEndian(header[16..], channel.Value);
        BinaryPrimitives.WriteUInt16BigEndian(header[20..], (ushort)payloadBytes);
        _bytesLeft -= EntryHeaderBytes + payloadBytes;
        _file.Write(header);
        return true;
    }
}
