using System.Buffers;
using Google.Protobuf;
using OrleansUem.Protocol.Control;
using OrleansUem.Protocol.Messages;
using OrleansUem.Protocol.Wire;

namespace OrleansUem.Transport.Control;

/// <summary>
/// Gives a <see cref="ControlLinkMachine"/> tasks, a clock and a connection; the same on the edge and in the silo. Peer faults and timeouts are answers with
/// a reason, never exceptions. Frames go out under the machine's lock, so that their numbers go up on the wire.
/// </summary>
public sealed class ControlLink : IDisposable
{
    // Timers end at 49 days; one that fires early arms itself again.
    private static readonly TimeSpan MaxWait = TimeSpan.FromDays(1);

    private readonly Lock _gate = new();
    private readonly ControlLinkMachine _machine;
    private readonly Func<FrameType, IMessage, bool> _trySend;
    private readonly IControlRequestHandler _handler;
    private readonly TimeProvider _time;
    private readonly long _origin;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _ended = new();
    private readonly TaskCompletionSource<bool> _linked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<ulong, TaskCompletionSource<ControlAnswer>> _waiting = [];
    private TimeSpan? _armed;

    /// <summary>Makes an idle link.</summary>
    /// <param name="side">The own side.</param>
    /// <param name="trySend">Queues a frame on channel 0 without blocking (FrameConnection.TrySend); false when the connection is over or full.</param>
    /// <param name="handler">Answers the peer's requests.</param>
    /// <param name="time">The clock of the deadlines.</param>
    public ControlLink(ControlSide side, Func<FrameType, IMessage, bool> trySend, IControlRequestHandler handler, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(trySend);
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(time);
        _machine = new ControlLinkMachine(side);
        _trySend = trySend;
        _handler = handler;
        _time = time;
        _origin = time.GetTimestamp();
        _timer = time.CreateTimer(static state => ((ControlLink)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether LinkStart was answered and the link is not over.</summary>
    public bool IsLinked
    {
        get
        {
            lock (_gate)
            {
                return _machine.State == ControlLinkState.Linked;
            }
        }
    }

    /// <summary>True when LinkStarted was received, or queued to be sent, so that a request that is made then follows it; false when the link ended before.</summary>
    public Task<bool> WhenLinked => _linked.Task;

    /// <summary>Cancelled when the link ends.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Asks the other side.</summary>
    /// <param name="request">The request; its id is set. Not to be changed afterwards.</param>
    /// <param name="timeout">Null: <see cref="ControlLinkLimits.RequestTimeout"/>.</param>
    /// <returns>The peer's answer, or one of ours with the reason: NoSilo, Overloaded, ControlTimeout, FrameTooLong or that of the link's end.</returns>
    public Task<ControlAnswer> RequestAsync(ControlRequest request, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        lock (_gate)
        {
            var reason = _machine.Send(request, Now(), timeout ?? ControlLinkLimits.RequestTimeout);
            if (reason != Reason.None)
            {
                return Task.FromResult(ControlBodies.Refusal(reason));
            }

            var waiter = new TaskCompletionSource<ControlAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add(request.Id, waiter);

            // When the connection is over its owner ends this link, which fails the waiter.
            _trySend(FrameType.ControlRequest, request);
            Arm();
            return waiter.Task;
        }
    }

    /// <summary>Takes a frame of the connection. Called from one thread at a time.</summary>
    /// <param name="type">The frame's type.</param>
    /// <param name="payload">The payload; not kept.</param>
    /// <returns><see cref="Reason.None"/>: go on. Else the connection is to be closed with it.</returns>
    public Reason OnFrame(FrameType type, in ReadOnlySequence<byte> payload)
    {
        ControlArrival arrival;
        TaskCompletionSource<ControlAnswer>? waiter = null;
        lock (_gate)
        {
            switch (type)
            {
                case FrameType.ControlRequest:
                    arrival = _machine.OnRequest(payload);
                    break;
                case FrameType.ControlAnswer:
                    arrival = _machine.OnAnswer(payload);
                    break;
                default:
                    return Reason.UnexpectedFrame;
            }

            if (arrival.Kind == ControlArrivalKind.Refuse)
            {
                _trySend(FrameType.ControlAnswer, arrival.Answer!);
            }
            else if (arrival.Kind == ControlArrivalKind.Complete)
            {
                _waiting.Remove(arrival.Answer!.Id, out waiter);
                ReportLinked();
            }
        }

        waiter?.TrySetResult(arrival.Answer!);
        if (arrival.Kind == ControlArrivalKind.Handle)
        {
            _ = AnswerAsync(arrival.Request!);
        }

        return arrival.Reason;
    }

    /// <summary>The connection is over: fails every outstanding request with <paramref name="reason"/> and cancels <see cref="Ended"/>. Idempotent.</summary>
    /// <param name="reason">Why.</param>
    public void End(Reason reason)
    {
        List<ulong> failed = [];
        List<TaskCompletionSource<ControlAnswer>> waiters = [];
        Reason final;
        lock (_gate)
        {
            _machine.End(reason, failed);
            final = _machine.EndReason;
            TakeWaiters(failed, waiters);
        }

        waiters.ForEach(waiter => waiter.TrySetResult(ControlBodies.Refusal(final)));
        _linked.TrySetResult(false);
        _ended.Cancel();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        End(Reason.ConnectionLost);
        _timer.Dispose();

        // _ended is left to the collector: End may come once more from the connection's owner, and a source without a timer holds nothing.
    }

    private async Task AnswerAsync(ControlRequest request)
    {
        ControlAnswer answer;
        try
        {
            answer = await _handler.HandleAsync(request, _ended.Token);
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
            // Expected: the link ended under the handler; nobody waits for the answer.
            return;
        }
        catch (Exception fault)
        {
            // Our fault, at the boundary of one request: the peer learns that much, the owner logs, the link goes on.
            _handler.OnFault(fault);
            answer = ControlBodies.Refusal(Reason.InternalError);
        }

        answer.Id = request.Id;
        if (answer.CalculateSize() > ControlLinkLimits.MaxBodyBytes)
        {
            answer = ControlBodies.Refusal(Reason.InternalError, "The answer does not fit into a frame.");
            answer.Id = request.Id;
        }

        lock (_gate)
        {
            if (_machine.TryFinish(request.Id, ReasonText.FromWire(answer.Reason)))
            {
                _trySend(FrameType.ControlAnswer, answer);
                ReportLinked();
            }
        }
    }

    private void ReportLinked()
    {
        if (_machine.State == ControlLinkState.Linked)
        {
            _linked.TrySetResult(true);
        }
    }

    private void OnTimer()
    {
        List<ulong> expired = [];
        List<TaskCompletionSource<ControlAnswer>> waiters = [];
        lock (_gate)
        {
            _armed = null;
            _machine.Expire(Now(), expired);
            TakeWaiters(expired, waiters);
            Arm();
        }

        waiters.ForEach(waiter => waiter.TrySetResult(ControlBodies.Refusal(Reason.ControlTimeout)));
    }

    private void TakeWaiters(List<ulong> ids, List<TaskCompletionSource<ControlAnswer>> waiters)
    {
        foreach (var id in ids)
        {
            if (_waiting.Remove(id, out var waiter))
            {
                waiters.Add(waiter);
            }
        }
    }

    // The timer is moved only when a deadline comes before the armed one: a timer that fires early finds nothing and arms itself again.
    private void Arm()
    {
        if (_machine.NextDeadline is not { } next || _armed <= next)
        {
            return;
        }

        var wait = next - Now();
        _armed = next;

        // One millisecond more than the wait: timers count whole milliseconds and must not fire before the deadline.
        wait = wait > MaxWait ? MaxWait : wait;
        _timer.Change(wait > TimeSpan.Zero ? wait + TimeSpan.FromMilliseconds(1) : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    private TimeSpan Now() => _time.GetElapsedTime(_origin);
}
