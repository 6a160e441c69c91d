using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Control;

/// <summary>The effect of one frame on a control link.</summary>
/// <param name="Kind">What to do.</param>
/// <param name="Request">With <see cref="ControlArrivalKind.Handle"/>.</param>
/// <param name="Answer">With <see cref="ControlArrivalKind.Refuse"/> and <see cref="ControlArrivalKind.Complete"/>; its id is set.</param>
/// <param name="Reason">With <see cref="ControlArrivalKind.Close"/>.</param>
public readonly record struct ControlArrival(
    ControlArrivalKind Kind, ControlRequest? Request = null, ControlAnswer? Answer = null, Reason Reason = Reason.None);
