namespace OrleansUem.Grains.Interfaces;

/// <summary>A control link as grains see it: an observer in the silo that has the connection. It only enqueues.</summary>
[Alias("uem.IEdgeLink")]
public interface IEdgeLink : IGrainObserver
{
    /// <summary>
    /// Enqueues a request and returns at once. Never fails: a full queue or a connection that ends is answered with
    /// <see cref="IEdgeGrain.AnswerAsync"/> and Overloaded or NoSilo. Nothing is sent to the edge before LinkStarted.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <returns>A task that ends when the silo has it; its failure tells the edge grain that the silo is gone.</returns>
    [Alias("Ask")]
    Task AskAsync(EdgeRequest request);
}
