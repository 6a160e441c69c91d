using System.Collections.Concurrent;
using Google.Protobuf;
using OrleansUem.Grains.Interfaces;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;
using OrleansUem.Tests.Kit;

namespace OrleansUem.Tests.Grains;

/// <summary>
/// An edge behind one control link, as grains see it: answers what a real edge answers from a table of sessions and leases, unless the script says
/// otherwise. Keeps every request for a test to wait on.
/// </summary>
internal sealed class ScriptedEdge(IGrainFactory grains, string edgeId) : IEdgeLink
{
    private readonly ConcurrentDictionary<string, Presence> _sessions = new();
    private readonly ConcurrentQueue<ControlRequest> _requests = new();
    private volatile TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _lastChannel = 100;
    private ulong _lastSession;

    internal string EdgeId => edgeId;

    internal string ProcessId { get; set; } = "p1";

    internal string LinkId { get; set; } = edgeId + "-link";

    internal ulong LastCut { get; set; }

    /// <summary>Answers before the table does; null from it leaves the request to the table.</summary>
    internal Func<ControlRequest, ControlAnswer?> Script { get; set; } = static _ => null;

    /// <summary>True: nothing is answered.</summary>
    internal bool IsSilent { get; set; }

    internal IEnumerable<ControlRequest> Requests => _requests;

    private IEdgeGrain Grain => grains.GetGrain<IEdgeGrain>(edgeId);

    internal Task<EdgeLinked> LinkAsync() => Grain.LinkAsync(Start(), Reference());

    internal Task<EdgeRegistered> RefreshAsync() => Grain.RefreshAsync(Start(), Reference());

    internal SessionKey Session(string identity, ulong generation)
    {
        var session = new SessionKey { EdgeId = edgeId, SessionId = Interlocked.Increment(ref _lastSession), Generation = generation };
        _sessions[identity] = new Presence { Identity = identity, SessionId = session.SessionId, Generation = generation };
        return session;
    }

    internal void Lose(string identity) => _sessions.TryRemove(identity, out _);

    /// <summary>Waits until a request fits.</summary>
    internal async Task<ControlRequest> ReceivedAsync(string phase, Func<ControlRequest, bool> fits)
    {
        while (true)
        {
            var arrived = _arrived.Task;
            if (_requests.FirstOrDefault(fits) is { } found)
            {
                return found;
            }

            await arrived.WithinAsync($"{phase} at {edgeId}; seen: {string.Join(", ", _requests.Select(request => request.BodyCase))}");
        }
    }

    public async Task AskAsync(EdgeRequest request)
    {
        var body = ControlRequest.Parser.ParseFrom(request.Body.Span);
        var answer = IsSilent ? null : Script(body) ?? Answer(body);
        _requests.Enqueue(body);
        Interlocked.Exchange(ref _arrived, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        if (answer is not null)
        {
            // Off the observer's call, as a link does: the answer comes with the connection's next frame.
            await Task.Yield();
            await Grain.AnswerAsync(new EdgeAnswer
            {
                RequestId = request.RequestId,
                ReasonCode = (int)answer.Reason,
                Detail = answer.Detail,
                Body = answer.ToByteArray(),
            });
        }
    }

    private ControlAnswer Answer(ControlRequest request)
    {
        switch (request.BodyCase)
        {
            case ControlRequest.BodyOneofCase.OfferTunnel:
                var offer = request.OfferTunnel;
                var isHere = _sessions.Values.Any(
                    session => session.SessionId == offer.NodeSessionId && session.Generation == offer.NodeGeneration);
                return isHere
                    ? new ControlAnswer { TunnelTaken = new TunnelTaken { Channel = (uint)Interlocked.Increment(ref _lastChannel) } }
                    : new ControlAnswer { Reason = (uint)Reason.NotAttached };
            case ControlRequest.BodyOneofCase.Locate:
                var located = new Located();
                located.Present.AddRange(_sessions.Values.Where(session => request.Locate.Identities.Contains(session.Identity)));
                return new ControlAnswer { Located = located };
            case ControlRequest.BodyOneofCase.Cut:
                LastCut = Math.Max(LastCut, request.Cut.Sequence);
                return new ControlAnswer();
            default:
                return new ControlAnswer();
        }
    }

    private EdgeLinkStart Start() => new()
    {
        LinkId = LinkId,
        SiloId = "silo-1",
        ProcessId = ProcessId,
        LastCut = LastCut,
        CertificateSha256 = new string('e', 64),
        KeySha256 = "k1",
    };

    private IEdgeLink Reference() => grains.CreateObjectReference<IEdgeLink>(this);
}
