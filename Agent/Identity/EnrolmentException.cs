using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Identity;

/// <summary>An enrolment or registration failed. The text is one line for a person and ends with what to do.</summary>
public sealed class EnrolmentException : Exception
{
    public EnrolmentException(Reason reason, string message, Exception? innerException = null)
        : base(message, innerException) => Reason = reason;

    /// <summary>Why.</summary>
    public Reason Reason { get; }

    /// <summary>Whether the same request may succeed later without a person: the relay or the node was not there.</summary>
    public bool IsPassing => Reason is Reason.ConnectionLost or Reason.HandshakeTimeout or Reason.KeepAliveTimeout or Reason.NoSilo
        or Reason.Overloaded or Reason.Draining or Reason.ControlTimeout or Reason.TooManyConnections or Reason.NoNode or Reason.NodeLost
        or Reason.InternalError;
}
