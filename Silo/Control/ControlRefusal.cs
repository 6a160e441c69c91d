using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Silo.Control;

/// <summary>Why a request of an edge is not served.</summary>
/// <param name="Reason">The reason; <see cref="Reason.None"/>: it may be.</param>
/// <param name="Detail">For people; never holds what the edge sent.</param>
internal readonly record struct ControlRefusal(Reason Reason, string Detail)
{
    public static ControlRefusal None => new(Reason.None, "");

    public bool IsRefused => Reason != Reason.None;

    public static ControlRefusal Malformed(string detail) => new(Reason.MalformedFrame, detail);

    public ControlAnswer ToAnswer() => ControlBodies.Refusal(Reason, Detail);
}
