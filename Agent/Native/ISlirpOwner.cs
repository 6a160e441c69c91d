namespace OrleansUem.Agent.Native;

/// <summary>What a <see cref="SlirpStack"/> asks of the thread that owns it; called inside the stack's own calls.</summary>
internal interface ISlirpOwner
{
    /// <summary>A clock that never goes back.</summary>
    long NowNanoseconds { get; }

    /// <summary>False: what sockets have for the guest stays in the kernel for now.</summary>
    bool HasOutputRoom { get; }

    /// <summary>A socket of the guest was opened, or closed.</summary>
    void OnSocket(bool isOpened);

    /// <summary>A frame for the guest: Ethernet header and packet, valid during the call.</summary>
    void OnFrame(ReadOnlySpan<byte> frame);
}
