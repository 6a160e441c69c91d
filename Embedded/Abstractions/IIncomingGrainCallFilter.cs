namespace OrleansUem.Embedded;

/// <summary>Runs around calls in the called activation: as a service around all, as an interface of a grain class around its own.</summary>
public interface IIncomingGrainCallFilter
{
    /// <summary>Calls <see cref="IGrainCallContext.Invoke"/> to go on.</summary>
    Task Invoke(IIncomingGrainCallContext context);
}
