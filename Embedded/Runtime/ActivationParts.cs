using Microsoft.Extensions.DependencyInjection;

namespace OrleansUem.Embedded.Runtime;

/// <summary>What only some activations have: timers, a service scope, a wish to end or to stay.</summary>
internal sealed class ActivationParts
{
    internal List<GrainTimer>? Timers { get; set; }

    internal IServiceScope? Scope { get; set; }

    /// <summary>The activation ends as soon as no call runs.</summary>
    internal bool IsEnding { get; set; }

    internal DeactivationReason Reason { get; set; }

    internal Exception? Failure { get; set; }

    /// <summary>No collection before this time stamp.</summary>
    internal long KeepUntil { get; set; }

    internal TaskCompletionSource? Deactivated { get; set; }
}
