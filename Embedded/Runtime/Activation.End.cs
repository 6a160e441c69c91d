namespace OrleansUem.Embedded.Runtime;

/// <summary>The end of an activation: collected, asked for, or after a failure.</summary>
internal sealed partial class Activation
{
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
