using Google.Protobuf;
using Microsoft.Extensions.Logging;
using OrleansUem.Edge.Sessions;
using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport.Control;

namespace OrleansUem.Edge.Control;

/// <summary>Carries out what a silo asks over one link. Cuts at once; everything else after the link's start has applied the cuts that were missed.</summary>
internal sealed partial class SiloRequests(EdgeServer server) : IControlRequestHandler
{
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void SetStarted() => _started.TrySetResult();

    public async Task<ControlAnswer> HandleAsync(ControlRequest request, CancellationToken ended)
    {
        if (request.BodyCase == ControlRequest.BodyOneofCase.Cut)
        {
            server.Cuts.Apply(request.Cut);
            return new ControlAnswer();
        }

        await _started.Task.WaitAsync(ended);
        switch (request.BodyCase)
        {
            case ControlRequest.BodyOneofCase.OfferTunnel:
                return await OfferAsync(request.OfferTunnel);
            case ControlRequest.BodyOneofCase.EndTunnel:
                End(request.EndTunnel);
                return new ControlAnswer();
            case ControlRequest.BodyOneofCase.Locate:
                return new ControlAnswer { Located = new Located { Present = { server.Sessions.Locate(request.Locate.Identities) } } };
            case ControlRequest.BodyOneofCase.EnrolAtNode:
                return await EnrolAsync(request.EnrolAtNode);
            default:
                return ControlBodies.Refusal(Reason.UnsupportedVersion);
        }
    }

    public void OnFault(Exception fault) => LogFault(server.Logger, fault);

    private async Task<ControlAnswer> OfferAsync(OfferTunnel offer)
    {
        if (offer.Lease is null || offer.TunnelId == 0)
        {
            return ControlBodies.Refusal(Reason.MalformedFrame);
        }

        return server.Sessions.Find(offer.NodeSessionId, offer.NodeGeneration) is NodeSession node
            ? await node.OfferAsync(offer)
            : ControlBodies.Refusal(Reason.NodeLost);
    }

    private void End(EndTunnel end)
    {
        var reason = ReasonText.FromWire(end.Reason);
        reason = reason == Reason.None ? Reason.CutByAdmin : reason;
        foreach (var node in server.Sessions.ToArray().OfType<NodeSession>())
        {
            node.WithdrawOffer(end.LeaseId, reason);
        }

        server.Routes.EndLease(end.LeaseId, reason, ReasonText.Cut(end.Detail));
    }

    private async Task<ControlAnswer> EnrolAsync(EnrolAtNode enrol)
    {
        try
        {
            return server.Sessions.Find(enrol.NodeSessionId, enrol.NodeGeneration) is NodeSession node
                ? await node.EnrolAsync(enrol.Enrol)
                : ControlBodies.Refusal(Reason.NodeLost);
        }
        catch (InvalidProtocolBufferException)
        {
            // The silo forwarded what a stranger sent: bytes that are no ENROL.
            return ControlBodies.Refusal(Reason.MalformedFrame);
        }
    }

    [LoggerMessage(1016, LogLevel.Error, "Carrying out a silo's request failed")]
    private static partial void LogFault(ILogger logger, Exception exception);
}
