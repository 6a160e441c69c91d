using OrleansUem.Tests.Embedded.Conformance;

namespace OrleansUem.Tests.Embedded;

/// <summary>The conformance suite with every call queued: nothing may depend on calls that run inline.</summary>
public sealed class EmbeddedQueuedConformanceTests : ActorHostConformance
{
    protected override async Task<IActorHostFixture> StartAsync(IReadOnlyList<NotingFilter> filters) =>
        await EmbeddedFixture.StartAsync(static options => options.QueuesAlways = true, filters);
}
