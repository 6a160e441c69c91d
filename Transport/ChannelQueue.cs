namespace OrleansUem.Transport;

/// <summary>The datagrams that wait on one channel, with the channel's turn in the deficit round robin.</summary>
internal sealed class ChannelQueue
{
    public readonly FrameRing Frames = new();

    public uint Channel;
    public int CostBytes;
    public int DeficitBytes;
    public bool HasTurn;

    /// <summary>The next one in the round, or in the list of spare queues.</summary>
    public ChannelQueue? Next;

    /// <summary>Who waits for room; null: nobody.</summary>
    public TaskCompletionSource? Room;

    /// <summary>Ends the wait for room.</summary>
    public void TellRoom()
    {
        Room?.SetResult();
        Room = null;
    }
}
