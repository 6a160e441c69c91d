using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using OrleansUem.Agent.Identity;
using OrleansUem.Agent.Uplink;
using OrleansUem.Node.Addressing;
using OrleansUem.Node.Enrolment;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Node;

/// <summary>
/// The node's work that touches the disk, one piece after the other and off the uplink's reader: enrolments and new addresses. The queue is bounded; an enrolment that
/// does not fit is refused as Overloaded, which a device tries again.
/// </summary>
internal sealed partial class NodeWorker(
    DeviceCertifier certifier, AddressBook addresses, ILogger logger, Action<NodeStatus> onStatus)
{
    private const int QueueMax = 256;

    private readonly Channel<(IUplinkSession Session, Enrol Enrol)?> _queue =
        System.Threading.Channels.Channel.CreateBounded<(IUplinkSession, Enrol)?>(
            new BoundedChannelOptions(QueueMax) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private bool _isSaveDue;

    /// <summary>ENROL.</summary>
    public void Enrol(IUplinkSession session, Enrol enrol)
    {
        if (!_queue.Writer.TryWrite((session, enrol)))
        {
            Send(session, new EnrolAnswer { RequestId = enrol.RequestId, Reason = (uint)Reason.Overloaded, Detail = "The node is busy." });
        }
    }

    /// <summary>Addresses are to be stored: at the next <see cref="OnTime"/>, since the file is written as a whole and devices may come by the hundred.</summary>
    public void SaveAddresses() => Volatile.Write(ref _isSaveDue, true);

    /// <summary>Time passed; a full queue comes to the addresses anyway.</summary>
    public void OnTime()
    {
        if (Interlocked.Exchange(ref _isSaveDue, false))
        {
            _queue.Writer.TryWrite(null);
        }
    }

    /// <summary>Works until <see cref="Stop"/>, then does what is queued.</summary>
    public async Task RunAsync()
    {
        await foreach (var work in _queue.Reader.ReadAllAsync())
        {
            try
            {
                if (work is var (session, enrol))
                {
                    Answer(session, enrol);
                }

                addresses.Save();
            }
            catch (AgentStateException e)
            {
                // The disk is full or read-only: the node goes on with what it has, and tries again with the next piece of work.
                LogStateFault(logger, e.Message);
                Fail(work);
            }
            catch (Exception e)
            {
                // A fault of ours with one piece of work must not end the others.
                LogFault(logger, e);
                Fail(work);
            }
        }
    }

    public void Stop()
    {
        OnTime();
        _queue.Writer.TryComplete();
    }

    private void Answer(IUplinkSession session, Enrol enrol)
    {
        var answer = certifier.Answer(enrol, out var device);
        Send(session, answer);
        var reason = ReasonText.FromWire(answer.Reason);
        LogEnrolment(logger, reason);
        onStatus(reason == Reason.None
            ? new NodeStatus(NodeStatusKind.DeviceEnrolled, $"device {device}: got its certificate") { Device = device }
            : new NodeStatus(NodeStatusKind.EnrolmentRefused, $"an enrolment was refused: {reason.Describe()}: {answer.Detail}") { Device = device, Reason = reason });
    }

    private static void Fail((IUplinkSession Session, Enrol Enrol)? work)
    {
        if (work is var (session, enrol))
        {
            Send(session, new EnrolAnswer { RequestId = enrol.RequestId, Reason = (uint)Reason.InternalError, Detail = "The node can't answer now." });
        }
    }

    private static void Send(IUplinkSession session, EnrolAnswer answer) =>
        session.TrySend(FrameType.EnrolAnswer, Protocol.Wire.Channel.Session, answer);
}
