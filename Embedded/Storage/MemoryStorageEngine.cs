using OrleansUem.Embedded.Reminders;

namespace OrleansUem.Embedded.Storage;

/// <summary>Everything in memory.</summary>
internal sealed class MemoryStorageEngine : IStorageEngine
{
    public IGrainStorage Grains { get; } = new MemoryGrainStorage();

    public IReminderTable Reminders { get; } = new MemoryReminderTable();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
