using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace OrleansUem.Agent.Native;

/// <summary>
/// Builds one rtnetlink request in a caller's buffer (linux/netlink.h): a 16-byte header, a fixed part that depends on the
/// type, then attributes of type-length-value padded to 4 bytes. All in host byte order, except addresses.
/// </summary>
internal ref struct NetlinkRequest
{
    public const int HeaderBytes = 16;

    private const int AttributeHeaderBytes = 4;

    private readonly Span<byte> _buffer;
    private int _bytes;

    public NetlinkRequest(Span<byte> buffer, ushort type, ushort flags)
    {
        _buffer = buffer;
        _buffer.Clear();
        MemoryMarshal.Write(_buffer[4..], type);
        MemoryMarshal.Write(_buffer[6..], flags);
        _bytes = HeaderBytes;
    }

    /// <summary>The finished request; the socket fills in the sequence number.</summary>
    public readonly Span<byte> Finish()
    {
        MemoryMarshal.Write(_buffer, (uint)_bytes);
        return _buffer[.._bytes];
    }

    /// <summary>Appends the type's fixed part, for example struct ifinfomsg.</summary>
    public void Append<T>(in T fixedPart)
        where T : unmanaged
    {
        MemoryMarshal.Write(_buffer[_bytes..], fixedPart);
        _bytes += Align(Marshal.SizeOf<T>());
    }

    public void AppendAttribute(ushort type, uint value)
    {
        Span<byte> payload = Reserve(type, sizeof(uint));
        MemoryMarshal.Write(payload, value);
    }

    public void AppendAddress(ushort type, uint addressInHostOrder) =>
        BinaryPrimitives.WriteUInt32BigEndian(Reserve(type, sizeof(uint)), addressInHostOrder);

    public void AppendText(ushort type, string text)
    {
        Span<byte> payload = Reserve(type, Encoding.UTF8.GetByteCount(text) + 1);
        Encoding.UTF8.GetBytes(text, payload);
    }

    /// <summary>Opens an attribute that holds attributes; <see cref="EndNested"/> closes it.</summary>
    public int BeginNested(ushort type)
    {
        int start = _bytes;
        Reserve(type, 0);
        return start;
    }

    public readonly void EndNested(int start) => MemoryMarshal.Write(_buffer[start..], (ushort)(_bytes - start));

    private static int Align(int bytes) => (bytes + 3) & ~3;

    private Span<byte> Reserve(ushort type, int payloadBytes)
    {
        Span<byte> attribute = _buffer[_bytes..];
        MemoryMarshal.Write(attribute, (ushort)(AttributeHeaderBytes + payloadBytes));
        MemoryMarshal.Write(attribute[2..], type);
        _bytes += Align(AttributeHeaderBytes + payloadBytes);
        return attribute.Slice(AttributeHeaderBytes, payloadBytes);
    }
}
