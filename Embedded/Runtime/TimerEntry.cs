namespace OrleansUem.Embedded.Runtime;

/// <summary>Something that waits in a <see cref="TimerQueue"/>; at most once at a time.</summary>
internal abstract class TimerEntry
{
    /// <summary>The place in the heap; -1 while not queued. Guarded by the queue's lock.</summary>
    internal int Index { get; set; } = -1;

    internal long DueStamp { get; set; }

    /// <summary>Runs on the timer's thread without locks; it must not block.</summary>
    internal abstract void Fire();
}
