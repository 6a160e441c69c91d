using OrleansUem.Embedded.Reminders;

namespace OrleansUem.Embedded.Storage;

/// <summary>Reminders in the table OrleansRemindersTable.</summary>
internal sealed class SqliteReminderTable(SqliteDatabase database) : IReminderTable
{
    public Task<IReadOnlyList<ReminderEntry>> LoadAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<ReminderEntry>>(database.Read(0, static (commands, _) => commands.LoadReminders()));

    public Task<int> UpsertAsync(ReminderEntry entry) => database.WriteAsync(commands => commands.UpsertReminder(entry));

    public Task<bool> RemoveAsync(GrainId grainId, string name, int version) =>
        database.WriteAsync(commands => commands.RemoveReminder(grainId, name, version));
}
