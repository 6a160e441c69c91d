using Google.Protobuf;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Edges;

/// <summary>Requests to edges as the bytes that a link sends: ControlRequest with id 0.</summary>
internal static class ControlBodies
{
    internal static ReadOnlyMemory<byte> Cut(CutEntry entry) => new ControlRequest { Cut = WireForms.ToWire(entry) }.ToByteArray();

    internal static ReadOnlyMemory<byte> Locate(IEnumerable<string> identities)
    {
        var locate = new Locate();
        locate.Identities.AddRange(identities);
        return new ControlRequest { Locate = locate }.ToByteArray();
    }

    internal static ReadOnlyMemory<byte> OfferTunnel(string deviceId, ulong tunnelId, RouteLease lease) => new ControlRequest
    {
        OfferTunnel = new OfferTunnel
        {
            TunnelId = tunnelId,
            DeviceId = deviceId,
            NodeSessionId = lease.Local.Session.SessionId,
            NodeGeneration = lease.Local.Session.Generation,
            Lease = WireForms.ToWire(lease),
        },
    }.ToByteArray();

    internal static ReadOnlyMemory<byte> EndTunnel(string leaseId, Reason reason, string detail) => new ControlRequest
    {
        EndTunnel = new EndTunnel { LeaseId = leaseId, Reason = (uint)reason, Detail = ReasonText.Cut(detail) },
    }.ToByteArray();

    internal static ReadOnlyMemory<byte> EnrolAtNode(SessionKey node, ReadOnlyMemory<byte> enrol) => new ControlRequest
    {
        EnrolAtNode = new EnrolAtNode
        {
            NodeSessionId = node.SessionId,
            NodeGeneration = node.Generation,
            Enrol = UnsafeByteOperations.UnsafeWrap(enrol),
        },
    }.ToByteArray();

    /// <summary>The body of an edge's answer; null when it is no ControlAnswer, which is the edge's fault.</summary>
    internal static ControlAnswer? TryParse(EdgeAnswer answer)
    {
        try
        {
            return ControlAnswer.Parser.ParseFrom(answer.Body.Span);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}
