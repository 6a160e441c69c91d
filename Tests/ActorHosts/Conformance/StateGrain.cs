namespace OrleansUem.Tests.ActorHosts.Conformance;

public sealed class StateGrain([PersistentState("conformance-counter", "Default")] IPersistentState<CounterState> state) : Grain, IStateGrain
{
    private readonly Guid _instance = Guid.NewGuid();

    /// <summary>A key with "write-at-end" counts one more at its end.</summary>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (this.GetPrimaryKeyString().Contains("write-at-end", StringComparison.Ordinal))
        {
            state.State.Count++;
            await state.WriteStateAsync(cancellationToken);
        }
    }

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

    public async Task WriteManyAtOnceAsync(int count)
    {
        List<Task> writes = [];
        for (var write = 1; write <= count; write++)
        {
            state.State.Count = write;
            writes.Add(state.WriteStateAsync());
            if (write % 2 == 0)
            {
                // The first of them begins meanwhile, so that a later one has to wait for it.
                await Task.Yield();
            }
        }

        await Task.WhenAll(writes);
    }

    public async Task WriteThenChangeAsync(int first, int second)
    {
        state.State.Count = first;
        var write = state.WriteStateAsync();
        state.State.Count = second;
        await write;
    }

    public async Task<bool> WriteClearWriteAsync()
    {
        await Task.WhenAll(state.WriteStateAsync(), state.ClearStateAsync(), state.WriteStateAsync());
        return state.RecordExists;
    }
}
