namespace OrleansUem.Embedded.Reminders;

/// <summary>Where reminders are kept.</summary>
internal interface IReminderTable
{
    Task<IReadOnlyList<ReminderEntry>> LoadAsync(CancellationToken cancellationToken);

    /// <summary>Stores an entry under its grain and name and returns its new version. Durable on return.</summary>
    Task<int> UpsertAsync(ReminderEntry entry);

    /// <summary>Removes an entry of a version; false when there is none. Durable on return.</summary>
    Task<bool> RemoveAsync(GrainId grainId, string name, int version);
}
