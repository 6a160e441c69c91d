namespace OrleansUem.Embedded.Runtime;

/// <summary>What a caller gets for a method that returns null instead of a task.</summary>
internal static class NullTask
{
    internal static Task Of<TResult>() =>
        Task.FromException<TResult>(new InvalidOperationException("The grain method returned null instead of a task."));
}
