using System.Collections.Immutable;
using Google.Protobuf;
using OrleansUem.Grains.Edges;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Grains.Tenants;

/// <summary>
/// One enrolment on its way through a tenant's nodes. An activation is known to the node that made it, so a node that does not know it passes the
/// request on; any other answer is the answer.
/// </summary>
internal sealed class EnrolmentRound(IGrainFactory grains, TenantId tenant, GrainOptions options)
{
    private const int MaxNodes = 4;

    internal async Task<EnrolmentResult> RunAsync(ImmutableArray<AttachedNode> nodes, EnrolmentRequest request)
    {
        var result = new EnrolmentResult { Reason = Reason.NoNode, Detail = "No node of the tenant is attached." };
        EnrolmentResult? unknown = null;
        foreach (var node in nodes.Take(MaxNodes))
        {
            var answer = await grains.GetGrain<IEdgeGrain>(node.Session.EdgeId).AskAsync(new EdgeQuestion
            {
                Body = ControlBodies.EnrolAtNode(node.Session, request.Enrol),
                TimeoutMs = (int)options.NodeAnswerTimeout.TotalMilliseconds,
            });
            if (answer.Reason is Reason.NotAttached or Reason.NodeLost or Reason.NoSilo)
            {
                await grains.GetGrain<INodeGrain>(GrainKeys.Node(tenant, new NodeId(node.NodeId))).DoubtAsync(node.Session);
                continue;
            }

            if (answer.Reason != Reason.None || Read(answer) is not { } read)
            {
                // The node that did not answer may be the one that knows: its failure outweighs another's "unknown".
                result = new EnrolmentResult
                {
                    Reason = answer.Reason == Reason.None ? Reason.InternalError : answer.Reason,
                    Detail = answer.Detail,
                };
                unknown = null;
                continue;
            }

            if (read.Reason != Reason.UnknownActivation)
            {
                return new EnrolmentResult { Answer = read.Bytes };
            }

            unknown ??= result.Reason == Reason.NoNode ? new EnrolmentResult { Answer = read.Bytes } : null;
        }

        return unknown ?? result;
    }

    private static (Reason Reason, ReadOnlyMemory<byte> Bytes)? Read(EdgeAnswer answer)
    {
        if (ControlBodies.TryParse(answer) is not { EnrolledAtNode: { } enrolled })
        {
            return null;
        }

        try
        {
            return (ReasonText.FromWire(EnrolAnswer.Parser.ParseFrom(enrolled.Answer).Reason), enrolled.Answer.Memory);
        }
        catch (InvalidProtocolBufferException)
        {
            // The node's fault; the device could not read it either.
            return null;
        }
    }
}
