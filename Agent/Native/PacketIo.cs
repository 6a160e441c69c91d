using System.Runtime.InteropServices;
using OrleansUem.Protocol.Packets;

namespace OrleansUem.Agent.Native;

/// <summary>Reads and writes of one packet whose header stands elsewhere than its bytes: readv and writev.</summary>
internal static unsafe partial class PacketIo
{
    /// <summary>Pieces of a packet that one write takes, far below the kernel's 1024 (UIO_MAXIOV).</summary>
    public const int PiecesMax = PacketCoalescer.TcpJoinedMax;

    /// <summary>Reads a header and what follows it. A negative result is an error, see <see cref="ErrnoText.Last"/>.</summary>
    public static nint Read(OwnedDescriptor descriptor, Span<byte> header, Span<byte> packet)
    {
        fixed (byte* headerBytes = header)
        fixed (byte* packetBytes = packet)
        {
            IoVector* vectors = stackalloc IoVector[2];
            vectors[0] = new IoVector(headerBytes, header.Length);
            vectors[1] = new IoVector(packetBytes, packet.Length);
            return ReadVectors(descriptor, vectors, 2);
        }
    }

    /// <summary>Writes a header, which may be empty, and pieces of a buffer, at most <see cref="PiecesMax"/>, as one packet. A negative result is an error.</summary>
    public static nint Write(OwnedDescriptor descriptor, ReadOnlySpan<byte> header, ReadOnlySpan<byte> buffer, ReadOnlySpan<BufferSlice> slices)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(slices.Length, PiecesMax);
        fixed (byte* headerBytes = header)
        fixed (byte* bufferBytes = buffer)
        {
            IoVector* vectors = stackalloc IoVector[slices.Length + 1];
            vectors[0] = new IoVector(headerBytes, header.Length);
            for (int i = 0; i < slices.Length; i++)
            {
                // The slice is checked against the buffer by taking it.
                ReadOnlySpan<byte> piece = buffer.Slice(slices[i].Offset, slices[i].Bytes);
                vectors[i + 1] = new IoVector(bufferBytes + slices[i].Offset, piece.Length);
            }

            return WriteVectors(descriptor, vectors, slices.Length + 1);
        }
    }

    [LibraryImport("libc", EntryPoint = "readv", SetLastError = true)]
    private static partial nint ReadVectors(OwnedDescriptor descriptor, IoVector* vectors, int count);

    [LibraryImport("libc", EntryPoint = "writev", SetLastError = true)]
    private static partial nint WriteVectors(OwnedDescriptor descriptor, IoVector* vectors, int count);

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct IoVector(byte* start, nint bytes)
    {
        private readonly byte* _start = start;
        private readonly nint _bytes = bytes;
    }
}
