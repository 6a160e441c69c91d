namespace OrleansUem.Grains;

/// <summary>Work that a turn starts and does not wait for.</summary>
internal static class TaskExtensions
{
    /// <summary>Marks a task whose body handles its own failures; it goes on in turns of the same activation.</summary>
    internal static void Ignore(this Task task) => _ = task;
}
