using OrleansUem.Protocol.Session;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Uplink;

/// <summary>The relay refuses for good: only a person can help. The text is one line that says what to do.</summary>
public sealed class UplinkFatalException : Exception
{
    public UplinkFatalException(UplinkEnd end, string message)
        : base(message) => End = end;

    /// <summary>What the relay said.</summary>
    public UplinkEnd End { get; }

    /// <summary>Why.</summary>
    public Reason Reason => End.Reason;
}
