namespace OrleansUem.Embedded.Reminders;

internal sealed record GrainReminder(string ReminderName) : IGrainReminder;
