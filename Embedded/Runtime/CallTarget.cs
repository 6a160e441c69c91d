namespace OrleansUem.Embedded.Runtime;

internal sealed class CallTarget
{
    internal GrainId GrainId { get; }

    internal ActorHost Host { get; } = null!;
}
