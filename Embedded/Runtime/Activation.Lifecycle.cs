using OrleansUem.Embedded.CodeGeneration;

namespace OrleansUem.Embedded.Runtime;

/// <summary>From the first call to the end: New, Activating, Active, Deactivating, Dead. Only the owner of the turn changes it.</summary>
internal sealed partial class Activation
{
    private static readonly Action<object?> ActivateBody = static state => ((Activation)state!).ActivateInTurn();

    private static readonly Action<object?> DeactivateBody = static state => ((Activation)state!).DeactivateInTurn();

    public Task Deactivated
    {
        get
        {
            lock (this)
            {
                if (_lifecycle == Lifecycle.Dead)
                {
                    return Task.CompletedTask;
                }

                return (Parts.Deactivated ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
        }
    }

    internal Exception? Failure => _parts?.Failure;

    private bool IsEnding => _parts is { IsEnding: true };

    /// <summary>An activation whose instance exists: an observer's.</summary>
    internal static Activation OfObserver(GrainClass observers, string key, WeakReference instance) => new(observers, key)
    {
        _instance = instance,
        _lifecycle = Lifecycle.Active,
        _state = 0,
    };

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        lock (this)
        {
            if (_lifecycle is Lifecycle.Deactivating or Lifecycle.Dead || IsEnding)
            {
                return;
            }

            Parts.IsEnding = true;
            Parts.Reason = deactivationReason;
            Interlocked.Or(ref _state, Closed);
            _mailbox ??= Mailbox.Rent();
            WakeLocked();
        }
    }

    internal void DelayDeactivation(TimeSpan span)
    {
        lock (this)
        {
            Parts.KeepUntil = span <= TimeSpan.Zero ? 0
                : span >= TimeSpan.FromDays(3650) ? long.MaxValue
                : Host.Time.GetTimestamp() + Host.ToStamps(span);
        }
    }

    internal void AddTimer(GrainTimer timer)
    {
        lock (this)
        {
            if (!IsDead)
            {
                (Parts.Timers ??= []).Add(timer);
                return;
            }
        }

        timer.Dispose();
    }

    internal void RemoveTimer(GrainTimer timer)
    {
        lock (this)
        {
            _parts?.Timers?.Remove(timer);
        }
    }

    /// <summary>Makes the grain and activates it; false when it is not active on return: it failed or awaits.</summary>
    internal bool ActivateInTurn()
    {
        _lifecycle = Lifecycle.Activating;
        Task task;
        try
        {
            if (Class.NeedsScope)
            {
                Parts.Scope = Host.CreateScope();
            }

            var construction = Class.TakesArguments ? new GrainConstruction(this) : GrainClass.NoArguments;
            _instance = Class.Description!.Create(construction);
            task = construction.States is null && !Class.HasOnActivate
                ? Task.CompletedTask
                : InitializeAsync(construction.States, (IGrainBase)_instance);
        }
        catch (Exception e)
        {
            task = Task.FromException(e);
        }

        if (task.IsCompleted)
        {
            FinishActivation(task);
            return _lifecycle == Lifecycle.Active && !IsEnding;
        }

        _ = FinishActivationLaterAsync(task);
        return false;
    }

    private async Task InitializeAsync(List<IStateLoad>? states, IGrainBase grain)
    {
        foreach (var state in states ?? [])
        {
            await state.LoadAsync();
        }

        if (!Class.HasOnActivate)
        {
            return;
        }

        using var limit = new CancellationTokenSource();
        var task = grain.OnActivateAsync(limit.Token);
        if (task.IsCompletedSuccessfully)
        {
            return;
        }

        // Most activations never wait, so that the limit needs no timer until one does.
        var cancel = new CancelEntry(limit);
        Host.Timers.Set(cancel, Host.Options.ActivationTimeout == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue : Host.Options.ActivationTimeout);
        try
        {
            await task;
        }
        finally
        {
            Host.Timers.Cancel(cancel);
        }
    }

    private async Task FinishActivationLaterAsync(Task task)
    {
        await Task.WhenAny(task);
        FinishActivation(task);
    }

    private void FinishActivation(Task task)
    {
        if (!task.IsCompletedSuccessfully)
        {
            Exception failure = task.Exception?.InnerException ?? new OperationCanceledException("The activation was cancelled.");
            ActorHostLog.ActivationFailed(Host.Logger, Class.GrainType.Value, failure);
            End(failure);
            return;
        }

        lock (this)
        {
            _lifecycle = Lifecycle.Active;
            if (!IsEnding)
            {
                Interlocked.And(ref _state, ~Closed);
            }

            if (_mailbox is not null)
            {
                _mailbox.MustRecheck = true;
            }
        }
    }

    private bool IsTransitionDueLocked() => _lifecycle == Lifecycle.New
        || (_lifecycle == Lifecycle.Active && IsEnding && _mailbox is { RunningCount: 0 });

    private object TakeTransitionLocked()
    {
        if (_lifecycle == Lifecycle.New)
        {
            _lifecycle = Lifecycle.Activating;
            return ActivateBody;
        }

        _lifecycle = Lifecycle.Deactivating;
        return DeactivateBody;
    }
}
