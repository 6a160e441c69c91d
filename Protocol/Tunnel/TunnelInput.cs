using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Tunnel;

/// <summary>What <see cref="TunnelMachine.Receive"/> made of one record.</summary>
/// <param name="IsPacket">The record's content is a packet for the TUN, as it stands.</param>
/// <param name="Drop">Why it was dropped; <see cref="DropReason.Unspecified"/> when it was used.</param>
public readonly record struct TunnelInput(bool IsPacket, DropReason Drop)
{
    /// <summary>The content is a packet.</summary>
    public static readonly TunnelInput Packet = new(true, DropReason.Unspecified);

    /// <summary>The machine consumed a control payload; effects may be waiting.</summary>
    public static readonly TunnelInput Control;

    /// <summary>The content was dropped.</summary>
    /// <param name="reason">Why.</param>
    /// <returns>The input.</returns>
    public static TunnelInput Dropped(DropReason reason) => new(false, reason);
}
