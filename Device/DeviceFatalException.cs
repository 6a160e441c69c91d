using OrleansUem.Protocol.Wire;

namespace OrleansUem.Device;

/// <summary>The device can't go on without a person. The text is one line that says what is wrong and what to do.</summary>
public sealed class DeviceFatalException : Exception
{
    public DeviceFatalException(Reason reason, string message, Exception? innerException = null)
        : base(message, innerException) => Reason = reason;

    /// <summary>Why; InternalError for faults of this machine.</summary>
    public Reason Reason { get; }
}
