namespace OrleansUem.LoadTest.Micro;

internal sealed class BenchGrain : Grain, IBenchGrain
{
    public Task PingAsync() => Task.CompletedTask;

    public Task<int> AddAsync(int left, int right) => Task.FromResult(left + right);

    public async Task YieldAsync() => await Task.Yield();

    /// <summary>Calls another grain a number of times, one call after the other.</summary>
    public async Task<int> SpreadAsync(string prefix, int count)
    {
        var other = GrainFactory.GetGrain<IBenchGrain>(prefix);
        for (var i = 0; i < count; i++)
        {
            await other.PingAsync();
        }

        return count;
    }
}
