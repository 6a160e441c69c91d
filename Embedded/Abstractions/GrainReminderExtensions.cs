using OrleansUem.Embedded.Reminders;
using OrleansUem.Embedded.Runtime;

namespace OrleansUem.Embedded;

/// <summary>Durable reminders of a grain. They survive a restart of the process.</summary>
public static class GrainReminderExtensions
{
    /// <summary>Stores a reminder under a name of this grain, replacing one of the same name. Durable on return.</summary>
    public static Task<IGrainReminder> RegisterOrUpdateReminder(this IGrainBase grain, string reminderName, TimeSpan dueTime, TimeSpan period)
    {
        var activation = OwnerOf(grain, reminderName);
        if (grain is not IRemindable)
        {
            throw new InvalidOperationException(
                $"Grain {activation.GrainId} is not '{nameof(IRemindable)}': it can't receive a reminder.");
        }

        return activation.Host.Reminders.RegisterOrUpdateAsync(activation.GrainId, reminderName, dueTime, period);
    }

    /// <summary>Removes a reminder. Durable on return.</summary>
    public static Task UnregisterReminder(this IGrainBase grain, IGrainReminder reminder)
    {
        ArgumentNullException.ThrowIfNull(reminder);
        var activation = OwnerOf(grain, reminder.ReminderName);
        return activation.Host.Reminders.UnregisterAsync(activation.GrainId, (GrainReminder)reminder);
    }

    /// <summary>The reminder of this name or null.</summary>
    public static Task<IGrainReminder?> GetReminder(this IGrainBase grain, string reminderName)
    {
        var activation = OwnerOf(grain, reminderName);
        return Task.FromResult<IGrainReminder?>(activation.Host.Reminders.Find(activation.GrainId, reminderName));
    }

    /// <summary>All reminders of this grain.</summary>
    public static Task<List<IGrainReminder>> GetReminders(this IGrainBase grain)
    {
        var activation = OwnerOf(grain, "-");
        return Task.FromResult(activation.Host.Reminders.FindAll(activation.GrainId));
    }

    private static Activation OwnerOf(IGrainBase grain, string reminderName)
    {
        ArgumentNullException.ThrowIfNull(grain);
        ArgumentException.ThrowIfNullOrWhiteSpace(reminderName);
        var activation = (Activation)grain.GrainContext;
        activation.CheckTurn();
        return activation;
    }
}
