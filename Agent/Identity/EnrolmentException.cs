using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Identity;

/// <summary>An enrolment or registration failed. The text is one line for a person and ends with what to do.</summary>
public sealed class EnrolmentException : Exception
{
    /// <param name="reason">Why.</param>
    /// <param name="message">What it means and what to do, in one line.</param>
    /// <param name="innerException">The cause.</param>
    /// <param name="retryAfter">When the relay wants to be asked again.</param>
    public EnrolmentException(Reason reason, string message, Exception? innerException = null, TimeSpan? retryAfter = null)
        : base(message, innerException) => (Reason, RetryAfter) = (reason, retryAfter);

    /// <summary>Why.</summary>
    public Reason Reason { get; }

    /// <summary>When the relay wants to be asked again; null: it did not say.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>Whether the same request may succeed later without a person: the relay or the node was not there.</summary>
    public bool IsPassing => Reason is Reason.ConnectionLost or Reason.HandshakeTimeout or Reason.KeepAliveTimeout or Reason.NoSilo
        or Reason.Overloaded or Reason.HandshakeDisplaced or Reason.Draining or Reason.ControlTimeout or Reason.TooManyConnections or Reason.NoNode or Reason.NodeLost
        or Reason.InternalError;
}
