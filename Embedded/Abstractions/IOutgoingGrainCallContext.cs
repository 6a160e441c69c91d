namespace OrleansUem.Embedded;

/// <summary>One call on the caller's side.</summary>
public interface IOutgoingGrainCallContext : IGrainCallContext
{
    /// <summary>The calling activation; null for a caller that is no grain.</summary>
    IGrainContext? SourceContext { get; }
}
