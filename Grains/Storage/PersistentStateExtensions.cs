namespace OrleansUem.Grains.Storage;

/// <summary>Writes of grains that do not interleave their writes.</summary>
internal static class PersistentStateExtensions
{
    /// <summary>Stores a new state; memory keeps the old one when storage refuses, so a retry judges what is really there.</summary>
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
