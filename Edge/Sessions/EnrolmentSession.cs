using System.Buffers;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using OrleansUem.Protocol.Identity;
using OrleansUem.Protocol.Ids;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Transport;

namespace OrleansUem.Edge.Sessions;

/// <summary>
/// A connection without a certificate: ENROL of a device or REGISTERTENANT of a node, forwarded to a silo. One request at a time, few on one connection, and
/// the whole in bounded time, since anyone may connect.
/// </summary>
internal sealed partial class EnrolmentSession : IFrameHandler
{
    private const int ActivationIdCharacters = 22;
    private const int MaxNameCharacters = 64;

    private readonly EdgeServer _server;
    private readonly TlsConnection _tls;
    private readonly FrameConnection _connection;
    private int _requests;
    private int _isBusy;

    public EnrolmentSession(EdgeServer server, TlsConnection tls)
    {
        _server = server;
        _tls = tls;
        _connection = server.CreateConnection(tls, PeerRole.Unspecified);
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _connection.TrySend(FrameType.Hello, Channel.Session, _server.CreateHello());
        using var deadline = _server.Time.CreateTimer(
            static state => ((FrameConnection)state!).Close(Reason.HandshakeTimeout, "The enrolment took too long."),
            _connection,
            _server.Limits.EnrolmentTimeout,
            Timeout.InfiniteTimeSpan);
        _tls.Pending?.OnDisplaced(OnDisplaced);
        var end = await _connection.RunAsync(this, cancellationToken);
        if (!end.IsByPeer)
        {
            _server.Metrics.Refused(end.Reason);
        }
    }

    public Reason OnFrame(in FrameHeader header, in ReadOnlySequence<byte> payload)
    {
        if (header.Type is not (FrameType.Enrol or FrameType.RegisterTenant) || !header.Channel.IsSession
            || Interlocked.Exchange(ref _isBusy, 1) != 0)
        {
            return Reason.UnexpectedFrame;
        }

        if (++_requests > _server.Limits.MaxRequestsPerEnrolment)
        {
            return Reason.TooManyAttempts;
        }

        try
        {
            var bytes = ByteString.CopyFrom(payload.ToArray());
            if (header.Type == FrameType.Enrol)
            {
                return StartEnrol(Enrol.Parser.ParseFrom(bytes), bytes);
            }

            return StartRegister(RegisterTenant.Parser.ParseFrom(bytes), bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            // A peer fault: a payload that does not parse.
            return Reason.MalformedFrame;
        }
    }

    private void OnDisplaced() => _connection.Close(new Close
    {
        Reason = (uint)Reason.HandshakeDisplaced,
        RetryAfterMs = EdgeServer.RetryAfterMs(Reason.HandshakeDisplaced),
    });

    private Reason StartEnrol(Enrol enrol, ByteString bytes)
    {
        if (!TenantId.TryParse(enrol.TenantId, out _) || enrol.TenantTag.Length != TenantTags.TagBytes
            || enrol.ActivationId.Length != ActivationIdCharacters)
        {
            return Reason.MalformedFrame;
        }

        var request = new ControlRequest { Enrol = new EnrolDevice { Enrol = bytes, Address = _tls.RemoteEndPoint.Address.ToString() } };
        _ = ForwardAsync(request, answer =>
        {
            var reply = answer.Reason == 0 ? EnrolAnswer.Parser.ParseFrom(answer.Enrolled.Answer) : new EnrolAnswer
            {
                Reason = answer.Reason,
                Detail = answer.Detail,
            };
            if (answer.Reason == 0 && reply.Reason != 0)
            {
                // The node's refusal, which the silo only carries.
                _server.Metrics.Refused(ReasonText.FromWire(reply.Reason));
            }

            reply.RequestId = enrol.RequestId;
            reply.RetryAfterMs = EdgeServer.RetryAfterMs(ReasonText.FromWire(reply.Reason));
            return (FrameType.EnrolAnswer, reply);
        });
        return Reason.None;
    }

    private Reason StartRegister(RegisterTenant register, ByteString bytes)
    {
        if (register.Name.Length is 0 or > MaxNameCharacters || register.InvitationId.Length != ActivationIdCharacters)
        {
            return Reason.MalformedFrame;
        }

        var request = new ControlRequest
        {
            RegisterTenant = new RegisterTenantRoot { Register = bytes, Address = _tls.RemoteEndPoint.Address.ToString() },
        };
        _ = ForwardAsync(request, answer => (FrameType.TenantRegistered, answer.Reason == 0
            ? TenantRegistered.Parser.ParseFrom(answer.TenantRegistered.Registered)
            : new TenantRegistered { Reason = answer.Reason, Detail = answer.Detail }));
        return Reason.None;
    }

    private async Task ForwardAsync(ControlRequest request, Func<ControlAnswer, (FrameType Type, IMessage Body)> reply)
    {
        _tls.Pending?.HeardPeer();
        try
        {
            // The node's part of it takes up to the node's own limit, beyond the silo's.
            var answer = _server.EnrolmentsOfAddress.TryTake(_tls.RemoteEndPoint.Address) && _server.Enrolments.TryTake()
                ? await _server.Silos.RequestAsync(request, TimeSpan.FromSeconds(15))
                : Protocol.Control.ControlBodies.Refusal(Reason.Overloaded, "Too many enrolments at this moment.");
            if (answer.Reason != 0)
            {
                _server.Metrics.Refused(ReasonText.FromWire(answer.Reason));
            }

            var (type, body) = reply(answer);
            Volatile.Write(ref _isBusy, 0);
            _tls.Pending?.AwaitPeer();
            _connection.TrySend(type, Channel.Session, body);
        }
        catch (InvalidProtocolBufferException)
        {
            // A fault of the node or silo: an answer that does not parse. The device may ask again.
            _connection.Close(new Close { Reason = (uint)Reason.NodeRefused, Detail = "The answer does not parse." });
        }
        catch (Exception e)
        {
            // Nobody awaits this task: the fault ends the connection here.
            LogFault(_server.Logger, e);
            _connection.Close(Reason.InternalError);
        }
    }

    [LoggerMessage(1040, LogLevel.Error, "Forwarding an enrolment failed")]
    private static partial void LogFault(ILogger logger, Exception exception);
}
