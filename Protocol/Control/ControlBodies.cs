using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using Answer = OrleansUem.Protocol.Messages.ControlAnswer.BodyOneofCase;
using Request = OrleansUem.Protocol.Messages.ControlRequest.BodyOneofCase;

namespace OrleansUem.Protocol.Control;

/// <summary>Which requests each side may send, and which answer fits which request.</summary>
public static class ControlBodies
{
    /// <summary>Whether <paramref name="side"/> may send this request.</summary>
    /// <param name="side">The sender.</param>
    /// <param name="body">The request's body.</param>
    /// <returns>False for the other side's requests and for none at all.</returns>
    public static bool MaySend(ControlSide side, Request body) => body switch
    {
        Request.LinkStart or Request.TenantBundle or Request.Attach or Request.SessionsEnded or Request.OpenTunnel
            or Request.TunnelsEnded or Request.RenewLeases or Request.Enrol or Request.RegisterTenant => side == ControlSide.Edge,
        Request.OfferTunnel or Request.EndTunnel or Request.Cut or Request.Locate or Request.EnrolAtNode => side == ControlSide.Silo,
        _ => false,
    };

    /// <summary>The body that a successful answer carries.</summary>
    /// <param name="body">The request's body.</param>
    /// <returns>The answer's body; <see cref="Answer.None"/> where success has nothing to say.</returns>
    public static Answer AnswerOf(Request body) => body switch
    {
        Request.LinkStart => Answer.LinkStarted,
        Request.TenantBundle => Answer.TenantBundle,
        Request.Attach => Answer.Attached,
        Request.OpenTunnel => Answer.TunnelOpened,
        Request.RenewLeases => Answer.LeasesRenewed,
        Request.Enrol => Answer.Enrolled,
        Request.RegisterTenant => Answer.TenantRegistered,
        Request.OfferTunnel => Answer.TunnelTaken,
        Request.Locate => Answer.Located,
        Request.EnrolAtNode => Answer.EnrolledAtNode,
        _ => Answer.None,
    };

    /// <summary>Whether an answer's body fits its request. With a reason the body is optional (ATTACH answers carry the time or the last generation).</summary>
    /// <param name="request">The request's body.</param>
    /// <param name="answer">The answer.</param>
    /// <returns>False when the answer is one to another kind of request, or a success without its body.</returns>
    public static bool Fits(Request request, ControlAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return answer.BodyCase == AnswerOf(request) || (answer.Reason != 0 && answer.BodyCase == Answer.None);
    }

    /// <summary>An answer that says why not.</summary>
    /// <param name="reason">The reason; not <see cref="Reason.None"/>.</param>
    /// <param name="detail">For people; cut to <see cref="FrameLimits.MaxDetailCharacters"/>.</param>
    /// <returns>The answer, without an id.</returns>
    public static ControlAnswer Refusal(Reason reason, string detail = "") => new() { Reason = (uint)reason, Detail = ReasonText.Cut(detail) };
}
