using System.Diagnostics.CodeAnalysis;

namespace OrleansUem.Embedded.Runtime;

/// <summary>A grain's state and its record. Usable in a turn of its activation only.</summary>
internal sealed class PersistentState<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TState>(
    Activation activation, string name, IGrainStorage storage) : IPersistentState<TState>, IGrainState<TState>, IStateLoad
{
    private TState? _state;

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

    public Task ReadStateAsync()
    {
        activation.CheckTurn();
        return storage.ReadStateAsync(name, activation.GrainId, this);
    }

    public Task WriteStateAsync()
    {
        activation.CheckTurn();
        return storage.WriteStateAsync(name, activation.GrainId, this);
    }

    public Task ClearStateAsync()
    {
        activation.CheckTurn();
        return storage.ClearStateAsync(name, activation.GrainId, this);
    }

    public Task LoadAsync() => storage.ReadStateAsync(name, activation.GrainId, this);
}
