namespace OrleansUem.LoadTest.Micro;

/// <summary>The smallest calls there are.</summary>
internal interface IBenchGrain : IGrainWithStringKey
{
    Task PingAsync();

    Task<int> AddAsync(int left, int right);

    Task YieldAsync();

    Task<int> SpreadAsync(string prefix, int count);
}
