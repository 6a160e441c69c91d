using System.Collections.Concurrent;
using OrleansUem.Embedded.CodeGeneration;
using OrleansUem.Embedded.Runtime;

namespace OrleansUem.Embedded.Reminders;

/// <summary>
/// All reminders of the installation in memory, each at its next due time in the host's timer queue; the table is read
/// once at the start. A tick is due at StartAt + n × Period; ticks that were missed while the host was down are not made up,
/// as in Orleans.
/// </summary>
internal sealed class ReminderService(ActorHost host)
{
    private readonly ConcurrentDictionary<(GrainId Grain, string Name), GrainReminder> _reminders = new();
    private IReminderTable? _table;
    private volatile bool _isRunning;

    internal int Count => _reminders.Count;

    internal async Task StartAsync(IReminderTable table, CancellationToken cancellationToken)
    {
        _table = table;
        _isRunning = true;
        foreach (var entry in await table.LoadAsync(cancellationToken))
        {
            Schedule(new GrainReminder(this, entry));
        }
    }

    internal void Stop()
    {
        _isRunning = false;
        foreach (var reminder in _reminders.Values)
        {
            host.Timers.Cancel(reminder);
        }
    }

    internal async Task<IGrainReminder> RegisterOrUpdateAsync(GrainId grainId, string name, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime < TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(nameof(dueTime), dueTime, "The first tick is in the future.");
        }

        if (period < host.Options.ReminderPeriodMin)
        {
            throw new ArgumentOutOfRangeException(
                nameof(period), period, $"A reminder's period is at least {host.Options.ReminderPeriodMin}; a grain timer ticks faster.");
        }

        var entry = new ReminderEntry(grainId, name, host.Time.GetUtcNow().UtcDateTime + dueTime, period, 0);
        var version = await _table!.UpsertAsync(entry);
        var reminder = new GrainReminder(this, entry with { Version = version });
        Schedule(reminder);
        return reminder;
    }

    internal async Task UnregisterAsync(GrainId grainId, GrainReminder reminder)
    {
        if (!await _table!.RemoveAsync(grainId, reminder.ReminderName, reminder.Entry.Version))
        {
            throw new ReminderException(
                $"Reminder '{reminder.ReminderName}' of {grainId} was removed or replaced since the handle was made.");
        }

        if (_reminders.TryRemove(new KeyValuePair<(GrainId, string), GrainReminder>((grainId, reminder.ReminderName), reminder)))
        {
            host.Timers.Cancel(reminder);
        }
    }

    internal GrainReminder? Find(GrainId grainId, string name) => _reminders.GetValueOrDefault((grainId, name));

    internal List<IGrainReminder> FindAll(GrainId grainId) =>
        [.. _reminders.Where(pair => pair.Key.Grain == grainId).Select(static pair => pair.Value)];

    /// <summary>Calls the grain and sets the next tick when the call has ended.</summary>
    internal void Tick(GrainReminder reminder)
    {
        if (_isRunning && IsCurrent(reminder))
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static pair => _ = pair.Service.TickAsync(pair.Reminder), (Service: this, Reminder: reminder), preferLocal: false);
        }
    }

    private async Task TickAsync(GrainReminder reminder)
    {
        var entry = reminder.Entry;
        try
        {
            var call = new ReminderCall
            {
                Name = entry.Name,
                Status = new TickStatus(entry.StartAt, entry.Period, host.Time.GetUtcNow().UtcDateTime),
            };
            await host.Factory.TargetOf(entry.GrainId).Call<ReminderCall, VoidResult>(ReminderCall.Method, ref call);
        }
        catch (Exception e)
        {
            // The grain's failure: the reminder stays and ticks again.
            ActorHostLog.ReminderFailed(host.Logger, entry.Name, entry.GrainId.Type.Value, e);
        }

        if (_isRunning && IsCurrent(reminder))
        {
            Arm(reminder, isFirst: false);
        }
    }

    private bool IsCurrent(GrainReminder reminder) =>
        ReferenceEquals(Find(reminder.Entry.GrainId, reminder.ReminderName), reminder);

    private void Schedule(GrainReminder reminder)
    {
        _reminders.AddOrUpdate(
            (reminder.Entry.GrainId, reminder.ReminderName),
            static (_, added) => added,
            (_, old, added) =>
            {
                host.Timers.Cancel(old);
                return added;
            },
            reminder);
        Arm(reminder, isFirst: true);
    }

    private void Arm(GrainReminder reminder, bool isFirst)
    {
        var now = host.Time.GetUtcNow().UtcDateTime;
        var start = reminder.Entry.StartAt;
        TimeSpan due;
        if (isFirst ? now <= start : now < start)
        {
            due = start - now;
        }
        else
        {
            var period = reminder.Entry.Period.Ticks;
            due = TimeSpan.FromTicks(period - ((now - start).Ticks % period));
        }

        host.Timers.Set(reminder, due);
    }
}
