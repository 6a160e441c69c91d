namespace OrleansUem.Embedded;

/// <summary>A grain that has reminders.</summary>
public interface IRemindable : IGrain
{
    /// <summary>A reminder is due. The call activates the grain when needed.</summary>
    Task ReceiveReminder(string reminderName, TickStatus status);
}
