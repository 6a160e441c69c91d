namespace OrleansUem.Protocol.Packets;

/// <summary>A run of bytes in a buffer that is named elsewhere.</summary>
/// <param name="Offset">Its first byte.</param>
/// <param name="Bytes">Its length.</param>
public readonly record struct BufferSlice(int Offset, int Bytes)
{
    /// <summary>The first byte behind it.</summary>
    public int End => Offset + Bytes;
}
