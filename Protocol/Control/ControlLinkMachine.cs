using System.Buffers;
using Google.Protobuf;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Protocol.Control;

/// <summary>
/// One end of a control link (README "Control links"): numbers requests, matches answers, keeps deadlines and bounds. Time is an argument, from any
/// monotonic clock; no I/O. Not for concurrent use: the owner serialises calls.
/// <code>
///           edge: Send(LinkStart)          edge: LinkStarted arrives
///           silo: LinkStart arrives        silo: TryFinish(its id, None)
///   Idle ---------------------------&gt; Starting ---------------------------&gt; Linked
///    |                                   |                                    |
///    +---------------- End --------------+--------------- End ----------------+--&gt; Ended
/// </code>
/// In Idle and Starting every other request of the peer closes the link with UnexpectedFrame, and the own side's are not sent (NoSilo).
/// What it does not do: keep-alive (the connection does), and the meaning of requests.
/// </summary>
public sealed class ControlLinkMachine
{
    private readonly ControlSide _side;
    private readonly Dictionary<ulong, Outstanding> _asked = [];
    private readonly SortedSet<(TimeSpan Deadline, ulong Id)> _deadlines = [];
    private readonly HashSet<ulong> _toAnswer = [];
    private ulong _lastAsked;
    private ulong _lastReceived;
    private ulong _startId;

    /// <summary>Makes an idle link.</summary>
    /// <param name="side">The own side.</param>
    public ControlLinkMachine(ControlSide side)
    {
        if (side is not (ControlSide.Edge or ControlSide.Silo))
        {
            throw new ArgumentOutOfRangeException(nameof(side), side, "Neither edge nor silo.");
        }

        _side = side;
    }

    /// <summary>How far the link is.</summary>
    public ControlLinkState State { get; private set; }

    /// <summary>Why the link ended; <see cref="Reason.None"/> before.</summary>
    public Reason EndReason { get; private set; }

    /// <summary>Requests sent and not answered, 0..<see cref="ControlLinkLimits.MaxOutstanding"/>.</summary>
    public int AskedCount => _asked.Count;

    /// <summary>Requests received and not answered, 0..<see cref="ControlLinkLimits.MaxOutstanding"/>.</summary>
    public int ToAnswerCount => _toAnswer.Count;

    /// <summary>Answers that fitted no outstanding request: late ones after a timeout, or a peer's fault.</summary>
    public long IgnoredAnswerCount { get; private set; }

    /// <summary>Own requests that got no answer in time.</summary>
    public long TimedOutCount { get; private set; }

    /// <summary>Requests refused with <see cref="Reason.Overloaded"/>, in both directions.</summary>
    public long OverloadedCount { get; private set; }

    /// <summary>The next deadline of an own request; null when none is outstanding.</summary>
    public TimeSpan? NextDeadline => _deadlines.Count == 0 ? null : _deadlines.Min.Deadline;

    /// <summary>Takes up an own request and gives it its number.</summary>
    /// <param name="request">The request; its id is set when it may be sent.</param>
    /// <param name="now">The time.</param>
    /// <param name="timeout">From now until <see cref="Expire"/> gives it up; above zero.</param>
    /// <returns><see cref="Reason.None"/>: send it. Else it is not sent: NoSilo (not linked), Overloaded, FrameTooLong, UnexpectedFrame (not this side's), or the reason of the link's end.</returns>
    public Reason Send(ControlRequest request, TimeSpan now, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(timeout, TimeSpan.Zero);
        var refusal = JudgeOwn(request);
        if (refusal != Reason.None)
        {
            return refusal;
        }

        request.Id = _lastAsked + 1;
        if (request.CalculateSize() > ControlLinkLimits.MaxBodyBytes)
        {
            return Reason.FrameTooLong;
        }

        _lastAsked = request.Id;
        var deadline = timeout > TimeSpan.MaxValue - now ? TimeSpan.MaxValue : now + timeout;
        _asked.Add(request.Id, new Outstanding(request.BodyCase, deadline));
        _deadlines.Add((deadline, request.Id));
        if (request.BodyCase == ControlRequest.BodyOneofCase.LinkStart)
        {
            State = ControlLinkState.Starting;
        }

        return Reason.None;
    }

    /// <summary>A ControlRequest frame arrived.</summary>
    /// <param name="payload">Its payload; any bytes.</param>
    /// <returns>Handle, refuse or close.</returns>
    public ControlArrival OnRequest(in ReadOnlySequence<byte> payload)
    {
        if (State == ControlLinkState.Ended)
        {
            return default;
        }

        if (!MessageForm.HasEachFieldOnce(payload))
        {
            return Close(Reason.MalformedFrame);
        }

        ControlRequest request;
        try
        {
            request = ControlRequest.Parser.ParseFrom(payload);
        }
        catch (InvalidProtocolBufferException)
        {
            // A peer fault.
            return Close(Reason.MalformedFrame);
        }

        // Counting up by one shows a lost or repeated frame, which a reliable connection does not have: the peer is broken.
        if (request.Id != _lastReceived + 1)
        {
            return Close(Reason.MalformedFrame);
        }

        _lastReceived = request.Id;
        return Receive(request);
    }

    /// <summary>A ControlAnswer frame arrived.</summary>
    /// <param name="payload">Its payload; any bytes.</param>
    /// <returns>Complete, ignore or close.</returns>
    public ControlArrival OnAnswer(in ReadOnlySequence<byte> payload)
    {
        if (State == ControlLinkState.Ended)
        {
            return default;
        }

        if (!MessageForm.HasEachFieldOnce(payload))
        {
            return Close(Reason.MalformedFrame);
        }

        ControlAnswer answer;
        try
        {
            answer = ControlAnswer.Parser.ParseFrom(payload);
        }
        catch (InvalidProtocolBufferException)
        {
            // A peer fault.
            return Close(Reason.MalformedFrame);
        }

        if (answer.Detail.Length > FrameLimits.MaxDetailCharacters || answer.Reason > int.MaxValue)
        {
            return Close(Reason.MalformedFrame);
        }

        if (!_asked.Remove(answer.Id, out var asked))
        {
            IgnoredAnswerCount++;
            return default;
        }

        _deadlines.Remove((asked.Deadline, answer.Id));
        if (!ControlBodies.Fits(asked.Body, answer))
        {
            return Close(Reason.MalformedFrame);
        }

        if (asked.Body == ControlRequest.BodyOneofCase.LinkStart && answer.Reason == 0)
        {
            State = ControlLinkState.Linked;
        }

        return new ControlArrival(ControlArrivalKind.Complete, Answer: answer);
    }

    /// <summary>The own side answered a request that <see cref="OnRequest"/> gave it to handle.</summary>
    /// <param name="id">The request's id.</param>
    /// <param name="reason">The answer's reason.</param>
    /// <returns>True: send the answer. False: the link is over, or the request was answered before.</returns>
    public bool TryFinish(ulong id, Reason reason)
    {
        if (State == ControlLinkState.Ended || !_toAnswer.Remove(id))
        {
            return false;
        }

        if (id == _startId && reason == Reason.None)
        {
            State = ControlLinkState.Linked;
        }

        return true;
    }

    /// <summary>Gives up own requests whose deadline has come; the owner fails them with <see cref="Reason.ControlTimeout"/>.</summary>
    /// <param name="now">The time.</param>
    /// <param name="expired">Gets their ids, the earliest deadline first.</param>
    public void Expire(TimeSpan now, ICollection<ulong> expired)
    {
        ArgumentNullException.ThrowIfNull(expired);
        while (_deadlines.Count > 0 && _deadlines.Min is var first && first.Deadline <= now)
        {
            _deadlines.Remove(first);
            _asked.Remove(first.Id);
            TimedOutCount++;
            expired.Add(first.Id);
        }
    }

    /// <summary>The link is over. Idempotent: the first reason stays.</summary>
    /// <param name="reason">Why; not <see cref="Reason.None"/>.</param>
    /// <param name="failed">Gets the ids of all outstanding own requests, in the order they were sent.</param>
    public void End(Reason reason, ICollection<ulong> failed)
    {
        ArgumentNullException.ThrowIfNull(failed);
        if (State == ControlLinkState.Ended)
        {
            return;
        }

        State = ControlLinkState.Ended;
        EndReason = reason == Reason.None ? Reason.ConnectionLost : reason;
        foreach (var id in _asked.Keys.Order())
        {
            failed.Add(id);
        }

        _asked.Clear();
        _deadlines.Clear();
        _toAnswer.Clear();
    }

    private Reason JudgeOwn(ControlRequest request)
    {
        if (State == ControlLinkState.Ended)
        {
            return EndReason;
        }

        if (!ControlBodies.MaySend(_side, request.BodyCase))
        {
            return Reason.UnexpectedFrame;
        }

        var isStart = request.BodyCase == ControlRequest.BodyOneofCase.LinkStart;
        if (isStart != (State == ControlLinkState.Idle) || State == ControlLinkState.Starting)
        {
            return isStart ? Reason.UnexpectedFrame : Reason.NoSilo;
        }

        if (_asked.Count >= ControlLinkLimits.MaxOutstanding)
        {
            OverloadedCount++;
            return Reason.Overloaded;
        }

        return Reason.None;
    }

    private ControlArrival Receive(ControlRequest request)
    {
        var peer = _side == ControlSide.Edge ? ControlSide.Silo : ControlSide.Edge;
        var isStart = request.BodyCase == ControlRequest.BodyOneofCase.LinkStart;
        if (State != ControlLinkState.Linked && !(isStart && State == ControlLinkState.Idle && _side == ControlSide.Silo))
        {
            return Close(Reason.UnexpectedFrame);
        }

        if (request.BodyCase == ControlRequest.BodyOneofCase.None)
        {
            return Refuse(request.Id, Reason.UnsupportedVersion);
        }

        if (!ControlBodies.MaySend(peer, request.BodyCase) || (isStart && State == ControlLinkState.Linked))
        {
            return Close(Reason.UnexpectedFrame);
        }

        if (_toAnswer.Count >= ControlLinkLimits.MaxOutstanding)
        {
            OverloadedCount++;
            return Refuse(request.Id, Reason.Overloaded);
        }

        _toAnswer.Add(request.Id);
        if (isStart)
        {
            _startId = request.Id;
            State = ControlLinkState.Starting;
        }

        return new ControlArrival(ControlArrivalKind.Handle, Request: request);
    }

    private static ControlArrival Refuse(ulong id, Reason reason)
    {
        var answer = ControlBodies.Refusal(reason);
        answer.Id = id;
        return new ControlArrival(ControlArrivalKind.Refuse, Answer: answer);
    }

    private static ControlArrival Close(Reason reason) => new(ControlArrivalKind.Close, Reason: reason);

    private readonly record struct Outstanding(ControlRequest.BodyOneofCase Body, TimeSpan Deadline);
}
