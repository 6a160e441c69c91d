using OrleansUem.Protocol.Wire;

namespace OrleansUem.Agent.Identity;

/// <summary>Says in one line what a refused enrolment means and what to do.</summary>
internal static class Refusals
{
    /// <param name="reason">Why.</param>
    /// <param name="detail">What the other side says; any text.</param>
    /// <param name="retryAfterMs">When it wants to be asked again; 0: it does not say.</param>
    public static EnrolmentException Explain(Reason reason, string detail, uint retryAfterMs = 0)
    {
        var shown = ReasonText.Printable(detail);
        var meaning = reason switch
        {
            Reason.UnknownActivation => "The activation is not known, used up, or was copied wrongly. Ask for a new one.",
            Reason.ActivationExpired => "The activation has expired. Ask for a new one.",
            Reason.TooManyAttempts => "The activation was tried too often and is void. Ask for a new one.",
            Reason.UnknownInvitation => "The invitation is not known, used up, or was copied wrongly. Ask the relay's operator for a new one.",
            Reason.InvitationExpired => "The invitation has expired. Ask the relay's operator for a new one.",
            Reason.AlreadyRegistered => "The relay knows this name with another key.",
            Reason.UnknownTenant => "The relay does not know the organisation that made the activation.",
            Reason.NoNode or Reason.NodeLost => "The organisation's node is not connected to the relay now. Try again later, or start the node.",
            Reason.NoSilo or Reason.ControlTimeout or Reason.Overloaded or Reason.HandshakeDisplaced or Reason.Draining => "The relay can't answer now. Try again later.",
            Reason.UnsupportedVersion => "The relay speaks another version. Update this program.",
            Reason.BadRequest or Reason.MalformedFrame => "The other side did not understand the request. Update this program.",
            _ => $"The relay refused: {reason.Describe()}.",
        };
        return new EnrolmentException(
            reason, shown.Length == 0 ? meaning : $"{meaning} ({shown})", retryAfter: retryAfterMs == 0 ? null : TimeSpan.FromMilliseconds(retryAfterMs));
    }
}
