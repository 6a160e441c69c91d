using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Tunnel;

/// <summary>One thing that a <see cref="TunnelMachine"/> wants done, in the order in which it is to be done.</summary>
/// <param name="Kind">What.</param>
/// <param name="Plaintext">The record's content, with <see cref="TunnelEffectKind.Send"/>; the datagram, with <see cref="TunnelEffectKind.KeysDatagram"/>.</param>
/// <param name="Configuration">The agreed values, with <see cref="TunnelEffectKind.Configured"/>.</param>
/// <param name="Reason">Why, with <see cref="TunnelEffectKind.Closed"/>.</param>
/// <param name="Detail">Words for people, with <see cref="TunnelEffectKind.Closed"/>; at most <see cref="FrameLimits.MaxDetailCharacters"/>, never null.</param>
/// <param name="IsByPeer">Whether the far end closed, with <see cref="TunnelEffectKind.Closed"/>.</param>
public readonly record struct TunnelEffect(
    TunnelEffectKind Kind,
    ReadOnlyMemory<byte> Plaintext,
    TunnelConfiguration? Configuration,
    Reason Reason,
    string Detail,
    bool IsByPeer)
{
    internal static TunnelEffect Send(byte[] plaintext) =>
        new(TunnelEffectKind.Send, plaintext, null, Reason.None, "", false);

    internal static TunnelEffect KeysDatagram(ReadOnlyMemory<byte> datagram) =>
        new(TunnelEffectKind.KeysDatagram, datagram, null, Reason.None, "", false);

    internal static TunnelEffect Of(TunnelEffectKind kind) => new(kind, default, null, Reason.None, "", false);

    internal static TunnelEffect Configured(TunnelConfiguration configuration) =>
        new(TunnelEffectKind.Configured, default, configuration, Reason.None, "", false);

    internal static TunnelEffect Closed(Reason reason, string detail, bool isByPeer) =>
        new(TunnelEffectKind.Closed, default, null, reason, detail, isByPeer);
}
