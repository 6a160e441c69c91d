namespace OrleansUem.Tests.ActorHosts.Conformance;

public sealed class ReminderGrain : Grain, IReminderGrain, IRemindable
{
    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        Probe.Note(this.GetPrimaryKeyString(), reminderName);
        return reminderName.StartsWith("fail", StringComparison.Ordinal)
            ? throw new InvalidOperationException("reminder")
            : Task.CompletedTask;
    }

    public Task RegisterAsync(string name, TimeSpan dueTime, TimeSpan period) =>
        this.RegisterOrUpdateReminder(name, dueTime, period);

    public async Task UnregisterAsync(string name) => await this.UnregisterReminder((await this.GetReminder(name))!);

    public async Task<string> NamesAsync() =>
        string.Join(' ', (await this.GetReminders()).Select(static r => r.ReminderName).Order());
}
