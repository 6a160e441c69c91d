using Google.Protobuf;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Session;

/// <summary>One thing to do. A value type: a DATAGRAM costs no allocation on its way through the machine.</summary>
/// <param name="Kind">What.</param>
/// <param name="Body">With <see cref="UplinkEffectKind.Deliver"/>: the parsed payload; null for DATAGRAM.</param>
/// <param name="End">With <see cref="UplinkEffectKind.End"/>: why.</param>
/// <param name="Reason">With <see cref="UplinkEffectKind.GoAway"/>: why.</param>
/// <param name="After">With <see cref="UplinkEffectKind.GoAway"/>: when to come back.</param>
public readonly record struct UplinkEffect(
    UplinkEffectKind Kind, IMessage? Body = null, UplinkEnd? End = null, Reason Reason = Reason.None, TimeSpan After = default);
