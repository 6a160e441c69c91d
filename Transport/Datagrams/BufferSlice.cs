namespace OrleansUem.Transport.Datagrams;

/// <summary>A piece of a buffer.</summary>
public readonly record struct BufferSlice(int Offset, int Bytes);
