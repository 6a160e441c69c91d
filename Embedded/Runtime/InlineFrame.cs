using OrleansUem.Embedded.CodeGeneration;

namespace OrleansUem.Embedded.Runtime;

/// <summary>Carries one inline call into its task; reused by its thread.</summary>
internal sealed class InlineFrame<TCall, TResult>
    where TCall : struct, IGrainCall
{
    internal static readonly Action<object?> Body = static state => ((InlineFrame<TCall, TResult>)state!).Run();

    [ThreadStatic]
    private static InlineFrame<TCall, TResult>? _free;

    internal TCall Call;

    internal Activation? Activation { get; set; }

    internal Dictionary<string, object>? Context { get; set; }

    /// <summary>The task of the callee; null when the activation is not ready, so that the call must wait.</summary>
    internal Task? Result { get; private set; }

    internal static InlineFrame<TCall, TResult> Rent()
    {
        var frame = _free;
        if (frame is null)
        {
            return new InlineFrame<TCall, TResult>();
        }

        _free = null;
        return frame;
    }

    internal Task? Return()
    {
        var result = Result;
        Result = null;
        Activation = null;
        Context = null;
        Call = default;
        _free = this;
        return result;
    }

    private void Run()
    {
        try
        {
            if (!Activation!.IsActive && (!Activation.IsNew || !Activation.ActivateInTurn()))
            {
                if (Activation.Failure is { } failure)
                {
                    Result = Task.FromException<TResult>(failure);
                }

                return;
            }

            if (Context is not null)
            {
                RequestContext.Import(Context);
            }

            Result = Activation.Class.TargetOf(Activation) is { } target
                ? Call.Invoke(target) ?? NullTask.Of<TResult>()
                : Task.FromException<TResult>(Observers.ObserverTable.Collected());
        }
        catch (Exception e)
        {
            // The callee threw before it made a task: the caller sees the same as after an await.
            Result = Task.FromException<TResult>(e);
        }
    }
}
