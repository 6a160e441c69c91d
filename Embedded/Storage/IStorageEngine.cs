using OrleansUem.Embedded.Reminders;

namespace OrleansUem.Embedded.Storage;

/// <summary>An open storage of one host. Disposing writes what waits and closes.</summary>
internal interface IStorageEngine : IAsyncDisposable
{
    IGrainStorage Grains { get; }

    IReminderTable Reminders { get; }
}
