using OrleansUem.Tests.ActorHosts.Conformance;

namespace OrleansUem.Tests.ActorHosts;

/// <summary>The conformance suite with every call queued: nothing may depend on calls that run inline.</summary>
public sealed class EmbeddedQueuedConformanceTests : ActorHostConformance
{
    protected override async Task<IActorHostFixture> StartAsync(IReadOnlyList<NotingFilter> filters) =>
        await ActorHostFixture.StartAsync(static options => options.QueuesAlways = true, services => NotingFilter.Add(services, filters));
}
