using OrleansUem.Embedded.Runtime;

namespace OrleansUem.Embedded.Reminders;

/// <summary>A reminder in memory: its row and its place in the timer queue.</summary>
internal sealed class GrainReminder(ReminderService service, ReminderEntry entry) : TimerEntry, IGrainReminder
{
    public string ReminderName => Entry.Name;

    internal ReminderEntry Entry { get; } = entry;

    internal override void Fire() => service.Tick(this);
}
