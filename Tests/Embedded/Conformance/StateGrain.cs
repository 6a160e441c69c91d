namespace OrleansUem.Tests.Embedded.Conformance;

public sealed class StateGrain([PersistentState("conformance-counter", "Default")] IPersistentState<CounterState> state) : Grain, IStateGrain
{
    private readonly Guid _instance = Guid.NewGuid();

    public Task<CounterState> ReadAsync() => Task.FromResult(state.State);

    public async Task<string?> WriteAsync(int count)
    {
        state.State.Count = count;
        state.State.Names.Add($"n{count}");
        await state.WriteStateAsync();
        return state.Etag;
    }

    public Task ClearAsync() => state.ClearStateAsync();

    public Task<bool> ExistsAsync() => Task.FromResult(state.RecordExists);

    public Task<Guid> InstanceAsync() => Task.FromResult(_instance);

    public async Task WriteTwiceAtOnceAsync() => await Task.WhenAll(state.WriteStateAsync(), WriteOverOldAsync());

    private async Task WriteOverOldAsync()
    {
        await Task.Yield();
        await state.WriteStateAsync();
    }
}
