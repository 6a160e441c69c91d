namespace OrleansUem.Embedded;

/// <summary>A timer of an activation; it ends with it.</summary>
public interface IGrainTimer : IDisposable
{
    /// <summary>Sets a new time to the next tick and a new period.</summary>
    void Change(TimeSpan dueTime, TimeSpan period);
}
