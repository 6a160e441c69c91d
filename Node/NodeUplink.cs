using System.Buffers;
using System.Net;
using Google.Protobuf;
using OrleansUem.Agent.Identity;
using OrleansUem.Agent.Uplink;
using OrleansUem.Node.Tunnels;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Session;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Node;

/// <summary>What the uplink brings goes to the tunnels and the worker from here.</summary>
internal sealed class NodeUplink(NodeTunnels tunnels, NodeWorker worker, TimeProvider time, Action<NodeStatus> onStatus) : IUplinkHandler
{
    public void OnConnecting(RelayAddress relay, IPAddress address) =>
        onStatus(new NodeStatus(NodeStatusKind.Connecting, $"connecting to the relay {relay} ({address})"));

    public void OnAttached(IUplinkSession session) => onStatus(
        new NodeStatus(NodeStatusKind.Attached, $"attached to {session.Edge} at {session.Remote}, {session.Suite}")
        {
            Edge = session.Edge.Text,
            Suite = session.Suite,
        });

    public Reason OnControl(IUplinkSession session, FrameType type, Channel channel, IMessage body)
    {
        switch (body)
        {
            case Open open:
                tunnels.Open(session, channel, open);
                return Reason.None;
            case CloseTunnel close:
                tunnels.Close(session, channel, close);
                return Reason.None;
            case Enrol enrol:
                worker.Enrol(session, enrol);
                return Reason.None;
            default:
                return Reason.UnexpectedFrame;
        }
    }

    public void OnDatagram(IUplinkSession session, Channel channel, in ReadOnlySequence<byte> payload) =>
        tunnels.Receive(session, channel, payload);

    public void OnBatchEnd(IUplinkSession session) => tunnels.Forwarder.EndBatch();

    public void OnPathChanged(IUplinkSession session, UplinkPathReport report) => onStatus(new NodeStatus(NodeStatusKind.Path, report.ToString()));

    // The uplink leaves by itself; tunnels go on until then.
    public void OnGoAway(IUplinkSession session, Reason reason, TimeSpan after)
    {
    }

    public void OnDetached(IUplinkSession? session, UplinkEnd end, TimeSpan? retryIn)
    {
        if (session is not null)
        {
            tunnels.EndSession(session, Reason.NodeLost);
        }

        var next = retryIn is { } wait ? $"; next attempt in {wait.TotalSeconds:0.0} s" : "";
        onStatus(new NodeStatus(NodeStatusKind.Detached, $"not attached: {UplinkAdvice.Explain(end, time.GetUtcNow())}{next}") { Reason = end.Reason });
    }
}
