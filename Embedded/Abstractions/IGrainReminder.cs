namespace OrleansUem.Embedded;

/// <summary>A handle of a durable reminder.</summary>
public interface IGrainReminder
{
    /// <summary>The name; unique in its grain.</summary>
    string ReminderName { get; }
}
