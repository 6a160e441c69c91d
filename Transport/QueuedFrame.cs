namespace OrleansUem.Transport;

/// <summary>A whole frame, header first, in a pooled array (datagrams) or one of its own (control).</summary>
internal readonly record struct QueuedFrame(byte[] Buffer, int LengthBytes, bool IsPooled)
{
    public int CostBytes => Math.Max(LengthBytes, SendQueue.MinFrameCost);
}
