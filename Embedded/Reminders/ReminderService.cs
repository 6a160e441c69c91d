namespace OrleansUem.Embedded.Reminders;

internal abstract class ReminderService
{
    internal abstract Task<IGrainReminder> RegisterOrUpdateAsync(GrainId id, string name, TimeSpan dueTime, TimeSpan period);

    internal abstract Task UnregisterAsync(GrainId id, GrainReminder reminder);

    internal abstract GrainReminder? Find(GrainId id, string name);

    internal abstract List<IGrainReminder> FindAll(GrainId id);
}
