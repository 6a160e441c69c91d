namespace OrleansUem.Grains.Storage;

/// <summary>Writes of states that are immutable records.</summary>
internal static class PersistentStateExtensions
{
    /// <summary>
    /// Stores a new state of a grain that interleaves. Memory is ahead of storage until the task ends; the host writes one after the other and once for
    /// all callers that wait meanwhile.
    /// </summary>
    internal static Task AdvanceAsync<T>(this IPersistentState<T> state, T next)
    {
        state.State = next;
        return state.WriteStateAsync();
    }

    /// <summary>Stores a new state of a grain that does not interleave its writes; memory keeps the old one when storage refuses, so a retry judges what is really there.</summary>
    internal static async Task ReplaceAsync<T>(this IPersistentState<T> state, T next)
    {
        var before = state.State;
        state.State = next;
        try
        {
            await state.WriteStateAsync();
        }
        catch
        {
            state.State = before;
            throw;
        }
    }
}
