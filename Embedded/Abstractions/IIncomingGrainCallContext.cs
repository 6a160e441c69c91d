namespace OrleansUem.Embedded;

/// <summary>One call inside the called activation's turn.</summary>
public interface IIncomingGrainCallContext : IGrainCallContext
{
    /// <summary>The called activation.</summary>
    IGrainContext TargetContext { get; }
}
