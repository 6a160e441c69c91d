using System.Diagnostics.CodeAnalysis;

namespace OrleansUem.Embedded.Runtime;

/// <summary>
/// A grain's state and its record. Usable in a turn of its activation only. As in Orleans its operations run one after the other and begin after the code
/// that asked for them has yielded; a write that has not begun serves everybody who asks for one meanwhile.
/// </summary>
internal sealed class PersistentState<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TState>(
    Activation activation, string name, IGrainStorage storage) : IPersistentState<TState>, IGrainState<TState>, IStateLoad
{
    private TState? _state;
    private StorageOperation? _last;

    public TState State
    {
        get
        {
            activation.CheckTurn();
            return _state!;
        }

        set
        {
            activation.CheckTurn();
            _state = value;
        }
    }

    public string? Etag { get; private set; }

    public bool RecordExists { get; private set; }

    TState? IGrainState<TState>.State
    {
        get => _state;
        set => _state = value is null ? Activator.CreateInstance<TState>() : value;
    }

    string? IGrainState<TState>.ETag
    {
        get => Etag;
        set => Etag = value;
    }

    bool IGrainState<TState>.RecordExists
    {
        get => RecordExists;
        set => RecordExists = value;
    }

    public Task ReadStateAsync() => Enqueue(StorageOperationKind.Read);

    public Task WriteStateAsync() => Enqueue(StorageOperationKind.Write);

    public Task ClearStateAsync() => Enqueue(StorageOperationKind.Clear);

    public Task LoadAsync() => storage.ReadStateAsync(name, activation.GrainId, this);

    private Task Enqueue(StorageOperationKind kind)
    {
        activation.CheckTurn();
        if (kind != StorageOperationKind.Read && _last is { HasBegun: false } waiting && waiting.Kind == kind)
        {
            return waiting.Task;
        }

        var operation = new StorageOperation(kind, _last);
        _last = operation;
        operation.Task = RunAsync(operation);
        return operation.Task;
    }

    private async Task RunAsync(StorageOperation operation)
    {
        await Task.Yield();
        try
        {
            var before = operation.Before;
            operation.Before = null;
            if (before is not null)
            {
                await before.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            }

            operation.HasBegun = true;
            if (!IsDoneBy(before, operation.Kind))
            {
                await (operation.Kind switch
                {
                    StorageOperationKind.Read => storage.ReadStateAsync(name, activation.GrainId, this),
                    StorageOperationKind.Write => storage.WriteStateAsync(name, activation.GrainId, this),
                    _ => storage.ClearStateAsync(name, activation.GrainId, this),
                });
            }
        }
        finally
        {
            if (ReferenceEquals(_last, operation))
            {
                _last = null;
            }
        }
    }

    // After any success memory holds what storage holds, so there is nothing to read; what is cleared needs no second clear.
    private static bool IsDoneBy(StorageOperation? before, StorageOperationKind kind) =>
        before is { Task.IsCompletedSuccessfully: true }
        && (kind == StorageOperationKind.Read || (kind == StorageOperationKind.Clear && before.Kind == StorageOperationKind.Clear));
}
