namespace OrleansUem.Embedded.Reminders;

/// <summary>One row: the first tick in UTC and the period that the later ones are anchored to.</summary>
internal sealed record ReminderEntry(GrainId GrainId, string Name, DateTime StartAt, TimeSpan Period, int Version);
