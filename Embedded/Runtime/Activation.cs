using System.Runtime.CompilerServices;
using OrleansUem.Embedded.CodeGeneration;

namespace OrleansUem.Embedded.Runtime;

/// <summary>
/// One grain in memory. It is the task scheduler of its turns: one thread at a time owns <see cref="Running"/>.
/// An idle activation is this object, its grain and a directory entry; queues exist while something is queued or runs.
/// </summary>
internal sealed partial class Activation : TaskScheduler, IGrainContext, IThreadPoolWorkItem
{
    // A thread runs a turn of this activation.
    private const int Running = 1;

    // The mailbox holds work that the owner of the turn has not seen.
    private const int Pending = 2;

    // Calls are in flight or wait: admission needs the mailbox.
    private const int Busy = 4;

    // Not active: to be activated, ending, or dead. Calls wait.
    private const int Closed = 8;

    private readonly string _key;
    private int _state = Closed;
    private int _usedEpoch;
    private Lifecycle _lifecycle;
    private object? _instance;
    private Mailbox? _mailbox;
    private ActivationParts? _parts;

    internal Activation(GrainClass grainClass, string key)
    {
        Class = grainClass;
        _key = key;
        _usedEpoch = grainClass.Host.Epoch;
    }

    private enum Lifecycle : byte
    {
        New,
        Activating,
        Active,
        Deactivating,
        Dead,
    }

    public GrainId GrainId => new(Class.GrainType, IdSpan.Create(_key));

    public object? GrainInstance => Class.TargetOf(this);

    public IServiceProvider ActivationServices => _parts?.Scope?.ServiceProvider ?? Host.Services;

    public override int MaximumConcurrencyLevel => 1;

    internal GrainClass Class { get; }

    internal ActorHost Host => Class.Host;

    internal string Key => _key;

    /// <summary>The grain, or what stands for it in an observer's activation.</summary>
    internal object? Instance => _instance;

    internal CallTarget Target => new(Class, _key, this);

    internal bool IsActive => _lifecycle == Lifecycle.Active;

    internal bool IsNew => _lifecycle == Lifecycle.New;

    internal bool IsDead => _lifecycle == Lifecycle.Dead;

    internal bool IsIdle => Volatile.Read(ref _state) == 0;

    private ActivationParts Parts => _parts ??= new ActivationParts();

    internal void CheckTurn()
    {
        if (!ReferenceEquals(Current, this))
        {
            throw new InvalidOperationException(
                "Activation access violation: a thread outside of the activation's turn uses its services. " +
                "Task.Run and ConfigureAwait(false) leave the turn.");
        }
    }

    /// <summary>Takes the turn for an inline call, when the activation is idle and the thread's limits allow it.</summary>
    internal bool TryEnter(GrainMethod method, InlineLane lane)
    {
        if (lane.Depth >= Host.InlineDepthMax || method.IsHeldBack())
        {
            return false;
        }

        if (lane.Count >= Host.InlineCallsMax)
        {
            // One queued call lets the caller's thread do other work before it goes on.
            lane.Count = 0;
            return false;
        }

        // Without stack the runtime would queue the inline task and block on it, while this thread owns the turn.
        if (ExecutionContext.IsFlowSuppressed() || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            return false;
        }

        return Interlocked.CompareExchange(ref _state, Running, 0) == 0
            || (_lifecycle == Lifecycle.New && Interlocked.CompareExchange(ref _state, Closed | Running, Closed) == Closed);
    }

    /// <summary>Gives up the turn, or hands it to the pool when work has come in.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void ExitTurn()
    {
        if (Interlocked.CompareExchange(ref _state, 0, Running) != Running)
        {
            ExitTurnSlow();
        }
    }

    protected override void QueueTask(Task task)
    {
        lock (this)
        {
            (_mailbox ??= Mailbox.Rent()).Ready.Enqueue(task);
            WakeLocked();
        }
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued)
    {
        if (taskWasPreviouslyQueued)
        {
            return false;
        }

        var lane = InlineLane.Current;
        if (ReferenceEquals(lane.Grant, this))
        {
            lane.Grant = null;
            return TryExecuteTask(task);
        }

        return ReferenceEquals(Current, this) && TryExecuteTask(task);
    }

    protected override IEnumerable<Task>? GetScheduledTasks() => null;

    // Runs a body as a task of this scheduler on this thread, which owns the turn.
    private void RunInTurn(Action<object?> body, object state)
    {
        var task = new Task(body, state);
        InlineLane.Current.Grant = this;
        task.RunSynchronously(this);
    }

    private void ExitTurnSlow()
    {
        lock (this)
        {
            if (HasWorkLocked())
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                return;
            }

            LeaveLocked();
        }
    }

    private void LeaveLocked()
    {
        var mailbox = _mailbox;
        if (mailbox is { IsUnused: true })
        {
            _mailbox = null;
            mailbox.Return();
            Interlocked.And(ref _state, ~(Running | Pending | Busy));
            return;
        }

        Interlocked.And(ref _state, ~(Running | Pending));
    }

    // Marks new work; the caller holds the lock, so only one waker takes a free turn.
    private void WakeLocked()
    {
        if ((Interlocked.Or(ref _state, Pending | Busy) & Running) == 0)
        {
            Interlocked.Or(ref _state, Running);
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }
}
