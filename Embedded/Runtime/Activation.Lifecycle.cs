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

    /// <summary>Ends the activation if it was idle for too long. Cheap when its class has nothing to do at the end.</summary>
    internal bool TryCollect(int ageEpochs) =>
        TryCollect(ageEpochs, new DeactivationReason(DeactivationReasonCode.ActivationIdle, "The activation was idle for too long."));

    /// <summary>The same with a reason; an age of -1 takes every idle activation.</summary>
    internal bool TryCollect(int ageEpochs, DeactivationReason reason)
    {
        if (!IsIdle || Host.Epoch - _usedEpoch <= ageEpochs)
        {
            return false;
        }

        if (_parts is { } parts)
        {
            if (parts.KeepUntil > Host.Time.GetTimestamp())
            {
                return false;
            }
        }
        else if (!Class.HasEndWork)
        {
            if (Interlocked.CompareExchange(ref _state, Closed | Running, 0) != 0)
            {
                return false;
            }

            End(null);
            ExitTurnSlow();
            return true;
        }

        if (ageEpochs < 0)
        {
            return false;
        }

        Deactivate(reason);
        return true;
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

        if (Class.HasOnActivate)
        {
            using var limit = new CancellationTokenSource(Host.Options.ActivationTimeout, Host.Time);
            await grain.OnActivateAsync(limit.Token);
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

    private void DeactivateInTurn()
    {
        StopTimers();
        if (Class.HasEndWork)
        {
            _ = DeactivateAsync();
            return;
        }

        End(null);
    }

    private async Task DeactivateAsync()
    {
        using var limit = new CancellationTokenSource();
        try
        {
            if (Class.HasOnDeactivate && _instance is IGrainBase grain)
            {
                await grain.OnDeactivateAsync(Parts.Reason, limit.Token).WaitAsync(Host.Options.DeactivationTimeout, Host.Time);
            }

            switch (_instance)
            {
                case IAsyncDisposable disposable:
                    await disposable.DisposeAsync();
                    break;
                case IDisposable disposable:
                    disposable.Dispose();
                    break;
                default:
                    break;
            }
        }
        catch (Exception e)
        {
            // The grain's own failure must not keep the activation in the directory.
            ActorHostLog.DeactivationFailed(Host.Logger, Class.GrainType.Value, e);
            await limit.CancelAsync();
        }

        End(null);
    }

    // Leaves the directory. With a failure all waiting callers get it; else their calls go to a new activation.
    private void End(Exception? failure)
    {
        List<Request>? left = null;
        TaskCompletionSource? deactivated;
        lock (this)
        {
            _lifecycle = Lifecycle.Dead;
            Interlocked.Or(ref _state, Closed);
            if (failure is not null)
            {
                Parts.Failure = failure;
            }

            left = _mailbox?.TakeRequests();
            deactivated = _parts?.Deactivated;
        }

        StopTimers();
        Class.Remove(this);
        _parts?.Scope?.Dispose();
        foreach (var request in left ?? [])
        {
            if (failure is not null)
            {
                request.TryFail(failure);
            }
            else
            {
                request.SendAgain();
            }
        }

        deactivated?.TrySetResult();
    }

    private void StopTimers()
    {
        GrainTimer[] timers;
        lock (this)
        {
            timers = _parts?.Timers?.ToArray() ?? [];
        }

        foreach (var timer in timers)
        {
            timer.Dispose();
        }
    }

    // A grain whose stored state moved under it must read it again: like Orleans, the activation ends.
    internal void NoteFailure(Task task)
    {
        if (task.Exception?.InnerException is InconsistentStateException { IsSourceActivation: true } failure)
        {
            failure.IsSourceActivation = false;
            Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationError, failure, "The state in storage has changed."));
        }
    }
}
