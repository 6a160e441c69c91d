using System.Collections.Concurrent;

namespace OrleansUem.Embedded.Reminders;

/// <summary>Reminders that end with the process; for tests.</summary>
internal sealed class MemoryReminderTable : IReminderTable
{
    private readonly ConcurrentDictionary<(GrainId, string), ReminderEntry> _entries = new();

    public Task<IReadOnlyList<ReminderEntry>> LoadAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<ReminderEntry>>([.. _entries.Values]);

    public Task<int> UpsertAsync(ReminderEntry entry) => Task.FromResult(_entries.AddOrUpdate(
        (entry.GrainId, entry.Name),
        static (_, added) => added with { Version = 0 },
        static (_, old, added) => added with { Version = old.Version + 1 },
        entry).Version);

    public Task<bool> RemoveAsync(GrainId grainId, string name, int version) => Task.FromResult(
        _entries.TryGetValue((grainId, name), out var entry)
        && entry.Version == version
        && _entries.TryRemove(new KeyValuePair<(GrainId, string), ReminderEntry>((grainId, name), entry)));
}
