using OrleansUem.Protocol.Packets;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Tun;

/// <summary>Takes what <see cref="TunPump"/> reads, on its thread.</summary>
public interface ITunPackets
{
    /// <summary>The packets of one read: of one flow where there are several.</summary>
    /// <param name="packets">At least one; each is valid until the next is made.</param>
    void OnPackets(scoped ref PacketSegmenter packets);

    /// <summary>What was read could not be cut into packets; for a counter.</summary>
    void OnDropped(DropReason reason);

    /// <summary>The device has nothing more for now: what was gathered goes out.</summary>
    void OnDrained();
}
