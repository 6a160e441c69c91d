using OrleansUem.Embedded.CodeGeneration;

namespace OrleansUem.Embedded.Runtime;

/// <summary>A timer of an activation. A tick is a call like any other: it waits for its turn and the next is set when it ends.</summary>
internal abstract class GrainTimer : TimerEntry, IGrainTimer
{
    private static readonly GrainMethod Ordinary =
        new(typeof(IGrainTimer), "Tick", [], GrainMethodTraits.None, null);

    private static readonly GrainMethod Interleaving =
        new(typeof(IGrainTimer), "Tick", [], GrainMethodTraits.AlwaysInterleave, null);

    private readonly Activation _activation;
    private readonly CancellationTokenSource _ended = new();
    private readonly GrainTimerCreationOptions _options;
    private readonly Lock _lock = new();
    private TimeSpan _period;
    private bool _ticks;
    private bool _changed;
    private TimeSpan _changedDue;

    protected GrainTimer(Activation activation, GrainTimerCreationOptions options)
    {
        Check(options.DueTime, nameof(options.DueTime));
        Check(options.Period, nameof(options.Period));
        _activation = activation;
        _options = options;
        _period = options.Period;
    }

    internal GrainMethod Method => _options.Interleave ? Interleaving : Ordinary;

    internal bool KeepsAlive => _options.KeepAlive;

    internal bool IsEnded => _ended.IsCancellationRequested;

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        Check(dueTime, nameof(dueTime));
        Check(period, nameof(period));
        lock (_lock)
        {
            _period = period;
            if (_ticks)
            {
                // Takes effect at the end of the tick that runs or waits.
                _changed = true;
                _changedDue = dueTime;
                return;
            }
        }

        Arm(dueTime);
    }

    public void Dispose()
    {
        _activation.Host.Timers.Cancel(this);
        _ended.Cancel();
        _activation.RemoveTimer(this);
    }

    internal override void Fire()
    {
        lock (_lock)
        {
            if (_ticks || IsEnded)
            {
                return;
            }

            _ticks = true;
        }

        _activation.TryPost(new GrainTimerTick(this));
    }

    internal Task Tick() => IsEnded ? Task.CompletedTask : Invoke(_ended.Token);

    internal void TickEnded(Task task)
    {
        if (!task.IsCompletedSuccessfully && !IsEnded)
        {
            ActorHostLog.TimerFailed(_activation.Host.Logger, _activation.Class.GrainType.Value, task.Exception?.InnerException);
        }

        TimeSpan due;
        lock (_lock)
        {
            _ticks = false;
            due = _changed ? _changedDue : _period;
            _changed = false;
        }

        Arm(due);
    }

    protected void Start()
    {
        _activation.AddTimer(this);
        Arm(_options.DueTime);
    }

    protected abstract Task Invoke(CancellationToken cancellationToken);

    private static void Check(TimeSpan span, string name)
    {
        if (span < TimeSpan.Zero && span != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(name, span, "A timer's span is not negative, or Timeout.InfiniteTimeSpan.");
        }
    }

    private void Arm(TimeSpan due)
    {
        if (due != Timeout.InfiniteTimeSpan && !IsEnded)
        {
            _activation.Host.Timers.Set(this, due);
        }
    }
}
