using OrleansUem.Embedded.CodeGeneration;

namespace OrleansUem.Embedded.Runtime;

/// <summary>Calls: inline on the caller's thread, or queued and admitted by Orleans' rules.</summary>
internal sealed partial class Activation
{
    // Work items of one visit of a pool thread; more would hold the thread too long, fewer would cost wake-ups.
    private const int ItemsPerVisit = 64;

    private static readonly Action<object?> StartBody = static state => ((Request)state!).Start();

    void IThreadPoolWorkItem.Execute()
    {
        var lane = InlineLane.Current;
        for (var count = 0; count < ItemsPerVisit; count++)
        {
            lane.Count = 0;
            lane.Depth = 0;
            lane.ChainStamp = 0;
            object? work;
            lock (this)
            {
                work = NextLocked();
                if (work is null)
                {
                    LeaveLocked();
                    return;
                }
            }

            switch (work)
            {
                case Task task:
                    TryExecuteTask(task);
                    break;
                case Request request:
                    RunInTurn(StartBody, request);
                    break;
                default:
                    RunInTurn((Action<object?>)work, this);
                    break;
            }
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Runs a call on this thread; the caller has entered the turn.</summary>
    internal Task RunInline<TCall, TResult>(CallTarget target, GrainMethod method, ref TCall call, InlineLane lane)
        where TCall : struct, IGrainCall
    {
        _usedEpoch = Host.Epoch;
        if (lane.Depth == 0)
        {
            lane.ChainStamp = 0;
        }

        var context = ExecutionContext.Capture()!;
        var frame = InlineFrame<TCall, TResult>.Rent();
        frame.Activation = this;
        frame.Call = call;
        var changesContext = !ReferenceEquals(context, CleanContext.Instance);
        if (changesContext)
        {
            frame.Context = RequestContext.Export();
            ExecutionContext.Restore(CleanContext.Instance);
        }

        var synchronization = SynchronizationContext.Current;
        if (synchronization is not null)
        {
            SynchronizationContext.SetSynchronizationContext(null);
        }

        var started = method.TakesSample() ? Host.Time.GetTimestamp() : 0;
        lane.Depth++;
        lane.Count++;
        var task = new Task(InlineFrame<TCall, TResult>.Body, frame);
        lane.Grant = this;
        task.RunSynchronously(this);
        lane.Depth--;
        if (started != 0 && Host.Time.GetTimestamp() - started > Host.SlowCallStamps)
        {
            method.HoldBack();
        }

        if (synchronization is not null)
        {
            SynchronizationContext.SetSynchronizationContext(synchronization);
        }

        var requestContext = frame.Context;
        var result = frame.Return();
        if (changesContext)
        {
            ExecutionContext.Restore(context);
        }

        return FinishInline<TCall, TResult>(target, method, ref call, lane, result, requestContext);
    }

    /// <summary>Queues a request; false when this activation has ended.</summary>
    internal bool TryPost(Request request)
    {
        lock (this)
        {
            if (_lifecycle == Lifecycle.Dead)
            {
                return false;
            }

            if (request.CountsAsUse)
            {
                _usedEpoch = Host.Epoch;
            }

            var mailbox = _mailbox ??= Mailbox.Rent();
            if (mailbox.Queued < Host.QueuedRequestsMax)
            {
                request.Activation = this;
                mailbox.Queued++;
                mailbox.Ready.Enqueue(request);
                WakeLocked();
                return true;
            }
        }

        request.TryFail(new LimitExceededException(
            $"Grain {GrainId} has {Host.QueuedRequestsMax} calls waiting, the limit of EmbeddedActorHostOptions.QueuedRequestsMax."));
        return true;
    }

    /// <summary>A call that this activation has admitted is done.</summary>
    internal void Complete(Request request)
    {
        lock (this)
        {
            var mailbox = _mailbox!;
            mailbox.RunningCount--;
            if (ReferenceEquals(mailbox.Blocking, request))
            {
                mailbox.Blocking = null;
            }

            mailbox.MustRecheck = true;
            if ((_state & Running) == 0)
            {
                if (HasWorkLocked())
                {
                    WakeLocked();
                }
                else
                {
                    LeaveLocked();
                }
            }
        }
    }

    private Task FinishInline<TCall, TResult>(
        CallTarget target, GrainMethod method, ref TCall call, InlineLane lane, Task? result, Dictionary<string, object>? context)
        where TCall : struct, IGrainCall
    {
        if (result is { IsCompletedSuccessfully: true })
        {
            ExitTurn();
            return (method.Traits & GrainMethodTraits.CopiesResult) != 0 || Host.CopiesAlways
                ? Copied<TResult>(result)
                : result;
        }

        if (result is null)
        {
            // The activation awaits something in its activation, or has failed: the call waits like any other.
            var waiting = new Request<TCall, TResult>(target, method, ref call) { Context = context };
            var promise = waiting.Send();
            ExitTurn();
            return promise;
        }

        if (result.IsCompleted)
        {
            NoteFailure(result);
            ExitTurn();
            return result;
        }

        var request = new Request<TCall, TResult>(target, method) { Activation = this, Depth = lane.Depth };
        lock (this)
        {
            AdmitLocked(_mailbox ??= Mailbox.Rent(), request);
            Interlocked.Or(ref _state, Busy);
        }

        request.StartTimeout(lane, isInline: true);
        request.Observe(result);
        ExitTurn();
        return request.Promise;
    }

    private Task Copied<TResult>(Task result) =>
        typeof(TResult) == typeof(VoidResult) ? result : Task.FromResult(Host.Copier.Copy(((Task<TResult>)result).Result));
}
