namespace OrleansUem.Grains.Storage;

/// <summary>
/// Writes of a grain that interleaves: one at a time, since two at once would break the ETag, and one for all callers that wait meanwhile. States are
/// immutable records; memory is ahead of storage until the task ends.
/// </summary>
internal sealed class SerialWriter<T>(IPersistentState<T> state)
{
    private Task _tail = Task.CompletedTask;
    private long _wanted;
    private long _written;

    internal T State => state.State;

    /// <summary>Durable when the task ends.</summary>
    internal Task WriteAsync(T next)
    {
        state.State = next;
        _wanted++;
        return _tail = WriteAfterAsync(_tail, _wanted);
    }

    private async Task WriteAfterAsync(Task before, long version)
    {
        try
        {
            await before;
        }
        catch (Exception) when (before.IsFaulted)
        {
            // The earlier caller has it; this write brings the newer state and fails by itself if it must.
        }

        if (_written >= version)
        {
            return;
        }

        var writing = _wanted;
        await state.WriteStateAsync();
        _written = writing;
    }
}
