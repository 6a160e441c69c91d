namespace OrleansUem.Grains;

/// <summary>Calls many grains, a bounded number at a time. Runs on the scheduler of the calling turn.</summary>
internal static class BoundedFanOut
{
    /// <summary>Calls outstanding at most; arbitrary: enough to hide a round trip between silos, few enough to leave their queues to others.</summary>
    internal const int Width = 32;

    internal static async Task ForEachAsync<T>(IEnumerable<T> items, Func<T, Task> call)
    {
        using var queue = items.GetEnumerator();
        var lanes = new List<Task>(Width);
        for (var i = 0; i < Width; i++)
        {
            lanes.Add(LaneAsync(queue, call));
        }

        await Task.WhenAll(lanes);
    }

    // Lanes share the enumerator without a lock: all of them run in turns of one activation.
    private static async Task LaneAsync<T>(IEnumerator<T> queue, Func<T, Task> call)
    {
        while (queue.MoveNext())
        {
            await call(queue.Current);
        }
    }
}
