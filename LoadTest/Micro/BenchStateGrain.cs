namespace OrleansUem.LoadTest.Micro;

internal sealed class BenchStateGrain([PersistentState("bench")] IPersistentState<BenchState> state) : Grain, IBenchStateGrain
{
    public Task PingAsync() => Task.CompletedTask;

    public Task StoreAsync(int number)
    {
        state.State.Number = number;
        state.State.Text = "a state of about a hundred bytes, as a device's presence would be, with a name and a time";
        return state.WriteStateAsync();
    }
}
