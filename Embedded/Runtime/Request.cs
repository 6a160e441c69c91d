using OrleansUem.Embedded.CodeGeneration;

namespace OrleansUem.Embedded.Runtime;

/// <summary>A call that did not end inline: it waits in a mailbox or is in flight.</summary>
internal abstract class Request(CallTarget? target, GrainMethod method) : IInvokable
{
    private int _timeoutState;

    internal GrainMethod Method { get; } = method;

    internal CallTarget? Target { get; } = target;

    internal Activation? Activation { get; set; }

    internal Dictionary<string, object>? Context { get; set; }

    internal GrainId? SourceId { get; set; }

    // Links of RequestList; guarded by the activation's lock.
    internal Request? Next { get; set; }

    internal Request? Previous { get; set; }

    // Links and place of ResponseTimeouts; guarded by the lock of its shard.
    internal Request? NextTimeout { get; set; }

    internal Request? PreviousTimeout { get; set; }

    internal TimeoutList? TimeoutList { get; set; }

    internal long Deadline { get; set; }

    internal int Depth { get; set; }

    /// <summary>The caller has its answer: a request that waits need not run.</summary>
    internal abstract bool IsDone { get; }

    internal abstract Task Promise { get; }

    internal virtual bool CountsAsUse => true;

    protected virtual bool IsFiltered => true;

    public abstract int GetArgumentCount();

    public abstract object? GetArgument(int index);

    public abstract void SetArgument(int index, object value);

    public string GetMethodName() => Method.Name;

    public string GetInterfaceName() => Method.InterfaceType.FullName!;

    internal abstract bool TryFail(Exception failure);

    internal abstract Task InvokeTarget(object instance);

    internal abstract object? ResultOf(Task completed);

    /// <summary>Runs in the turn of the activation that admitted the request.</summary>
    internal void Start()
    {
        var activation = Activation!;
        Task task;
        try
        {
            if (Context is not null)
            {
                RequestContext.Import(Context);
            }

            var instance = activation.Class.TargetOf(activation);
            if (instance is null)
            {
                task = Task.FromException(Observers.ObserverTable.Collected());
            }
            else
            {
                task = IsFiltered && (activation.Host.IncomingFilters.Length > 0 || instance is IIncomingGrainCallFilter)
                    ? InvokeFiltered(instance)
                    : InvokeTarget(instance);
            }
        }
        catch (Exception e)
        {
            // The callee threw before it made a task: the caller sees the same as after an await.
            task = Task.FromException(e);
        }

        if (task.IsCompleted)
        {
            Finish(task);
        }
        else
        {
            Observe(task);
        }
    }

    /// <summary>Answers the caller when the callee's task ends.</summary>
    internal void Observe(Task task) => task.ContinueWith(
        static (done, state) => ((Request)state!).Finish(done),
        this,
        CancellationToken.None,
        TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);

    /// <summary>Registers with the host's response timeouts.</summary>
    internal void StartTimeout(InlineLane lane, bool isInline)
    {
        var host = Target!.Host;
        var timeout = Method.ResponseTimeout ?? host.Options.ResponseTimeout;
        if (timeout == Timeout.InfiniteTimeSpan)
        {
            return;
        }

        // Calls of one inline chain share a stamp; the sweep then ends the outermost first, as Orleans does.
        long stamp;
        if (isInline || lane.Depth > 0)
        {
            if (lane.ChainStamp == 0)
            {
                lane.ChainStamp = host.Time.GetTimestamp();
            }

            stamp = lane.ChainStamp;
        }
        else
        {
            stamp = host.Time.GetTimestamp();
        }

        Depth = lane.Depth;
        Deadline = stamp + host.ToStamps(timeout);
        host.Timeouts.Add(this, timeout);
        _timeoutState = 1;
        if (IsDone)
        {
            StopTimeout();
        }
    }

    /// <summary>The time is up: the caller gets a TimeoutException, the callee goes on.</summary>
    internal void Expire()
    {
        var limit = Method.ResponseTimeout ?? Target!.Host.Options.ResponseTimeout;
        TryFail(new TimeoutException($"{GetInterfaceName()}.{Method.Name} of {Target!.GrainId} gave no answer within {limit}."));
    }

    internal virtual void SendAgain() => Target!.Dispatch(this);

    protected abstract Task InvokeFiltered(object instance);

    protected abstract void Answer(Task completed);

    protected void StopTimeout()
    {
        if (_timeoutState == 1)
        {
            ResponseTimeouts.Remove(this);
        }
    }

    private void Finish(Task task)
    {
        Activation!.NoteFailure(task);
        Activation.Complete(this);
        StopTimeout();
        Answer(task);
    }
}
