namespace OrleansUem.Embedded.Runtime;

/// <summary>Cancels a token source when it is due.</summary>
internal sealed class CancelEntry(CancellationTokenSource source) : TimerEntry
{
    internal override void Fire() => _ = CancelAsync();

    private async Task CancelAsync()
    {
        try
        {
            await source.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // Expected when the wait ended at the same moment.
        }
    }
}
