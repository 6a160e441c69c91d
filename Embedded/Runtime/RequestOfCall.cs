using System.Diagnostics.CodeAnalysis;
using OrleansUem.Embedded.CodeGeneration;

namespace OrleansUem.Embedded.Runtime;

/// <summary>A request with its arguments and the promise that the caller awaits.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "The token source has no timer and no handle: nothing is held.")]
internal sealed class Request<TCall, TResult> : Request
    where TCall : struct, IGrainCall
{
    // Exactly one of the two is set, so that a method without a result needs no boxed one.
    private readonly TaskCompletionSource? _plain;
    private readonly TaskCompletionSource<TResult>? _typed;
    private TCall _call;
    private CancellationTokenSource? _cancellation;
    private CancellationTokenRegistration _registration;

    internal Request(CallTarget target, GrainMethod method)
        : base(target, method)
    {
        // The caller's continuation must not run inside the callee's turn.
        if (typeof(TResult) == typeof(VoidResult))
        {
            _plain = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        else
        {
            _typed = new TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    internal Request(CallTarget target, GrainMethod method, ref TCall call)
        : this(target, method) => _call = call;

    internal override bool IsDone => Promise.IsCompleted;

    internal override Task Promise => _plain?.Task ?? _typed!.Task;

    public override int GetArgumentCount() => _call.ArgumentCount;

    public override object? GetArgument(int index) => _call.GetArgument(index);

    public override void SetArgument(int index, object value) => _call.SetArgument(index, value);

    /// <summary>Sends the call; the caller's thread.</summary>
    internal Task Send()
    {
        Context ??= RequestContext.Export();
        if (Method.IsOneWay)
        {
            Target!.Dispatch(this);
            return Task.CompletedTask;
        }

        if ((Method.Traits & GrainMethodTraits.Cancellable) != 0 && !LinkCancellation())
        {
            return Promise;
        }

        StartTimeout(InlineLane.Current, isInline: false);
        Target!.Dispatch(this);
        return Promise;
    }

    internal override bool TryFail(Exception failure)
    {
        StopTimeout();
        if (failure is OperationCanceledException canceled)
        {
            // A thrown exception keeps its type; TrySetCanceled would make a TaskCanceledException of it.
            return _plain?.TrySetFromTask(Throw(canceled)) ?? _typed!.TrySetFromTask(ThrowTyped(canceled));
        }

        return _plain?.TrySetException(failure) ?? _typed!.TrySetException(failure);
    }

    internal override Task InvokeTarget(object instance) => _call.Invoke(instance) ?? NullTask.Of<TResult>();

    internal override object? ResultOf(Task completed) =>
        typeof(TResult) == typeof(VoidResult) ? null : ((Task<TResult>)completed).Result;

    protected override Task InvokeFiltered(object instance) => IncomingCall.Run<TResult>(this, instance);

    protected override void Answer(Task completed)
    {
        _registration.Dispose();
        if (Method.IsOneWay)
        {
            if (!completed.IsCompletedSuccessfully)
            {
                ActorHostLog.OneWayFailed(Target!.Host.Logger, GetInterfaceName(), Method.Name, completed.Exception?.InnerException);
            }

            return;
        }

        if (_plain is not null)
        {
            _plain.TrySetFromTask(completed);
        }
        else if (!completed.IsCompletedSuccessfully && completed is not Task<TResult>)
        {
            TryFail(completed.Exception?.InnerException ?? new OperationCanceledException());
        }
        else if (completed.IsCompletedSuccessfully && ((Method.Traits & GrainMethodTraits.CopiesResult) != 0 || Target!.Host.CopiesAlways))
        {
            AnswerCopy(((Task<TResult>)completed).Result);
        }
        else
        {
            _typed!.TrySetFromTask((Task<TResult>)completed);
        }
    }

    private static async Task Throw(OperationCanceledException failure)
    {
        await Task.CompletedTask;
        throw failure;
    }

    private static async Task<TResult> ThrowTyped(OperationCanceledException failure)
    {
        await Task.CompletedTask;
        throw failure;
    }

    private void AnswerCopy(TResult result)
    {
        try
        {
            _typed!.TrySetResult(Target!.Host.Copier.Copy(result));
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or NotSupportedException or InvalidOperationException)
        {
            // The result has no JSON form: the caller must know, the callee is not at fault.
            _typed!.TrySetException(e);
        }
    }

    // The callee gets a token of the call, which the caller's cancellation signals. A response timeout does not, as in Orleans by default.
    private bool LinkCancellation()
    {
        var token = _call.CancellationToken;
        if (token.IsCancellationRequested)
        {
            TryFail(new OperationCanceledException(token));
            return false;
        }

        _cancellation = new CancellationTokenSource();
        _call.CancellationToken = _cancellation.Token;
        if (token.CanBeCanceled)
        {
            _registration = token.UnsafeRegister(
                static (state, cancelled) =>
                {
                    var request = (Request<TCall, TResult>)state!;
                    request.TryFail(new OperationCanceledException(cancelled));
                    _ = request._cancellation?.CancelAsync();
                },
                this);
        }

        return true;
    }
}
