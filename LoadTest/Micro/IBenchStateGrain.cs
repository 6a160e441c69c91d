namespace OrleansUem.LoadTest.Micro;

/// <summary>A grain that stores a number.</summary>
internal interface IBenchStateGrain : IGrainWithStringKey
{
    Task PingAsync();

    Task StoreAsync(int number);
}
