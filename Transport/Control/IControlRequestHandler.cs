using OrleansUem.Protocol.Messages;

namespace OrleansUem.Transport.Control;

/// <summary>Answers what the other side of a <see cref="ControlLink"/> asks.</summary>
public interface IControlRequestHandler
{
    /// <summary>
    /// Handles a request. Called on the link's read loop in the order of arrival, so what must happen in order happens before the first await; a handler
    /// that computes for long goes to the thread pool itself. At most <c>ControlLinkLimits.MaxOutstanding</c> are under way.
    /// </summary>
    /// <param name="request">The request; the handler owns it.</param>
    /// <param name="ended">Cancelled when the link ends; the answer would reach nobody.</param>
    /// <returns>The answer; its id is set by the link.</returns>
    Task<ControlAnswer> HandleAsync(ControlRequest request, CancellationToken ended);

    /// <summary>A fault of ours: <see cref="HandleAsync"/> threw. The peer gets InternalError; the owner logs.</summary>
    /// <param name="fault">What was thrown.</param>
    void OnFault(Exception fault);
}
