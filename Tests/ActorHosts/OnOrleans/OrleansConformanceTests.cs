using OrleansUem.Tests.ActorHosts.Conformance;
using Xunit;

namespace OrleansUem.Tests.ActorHosts;

/// <summary>The conformance suite on Orleans. All tests share a cluster, since their keys differ; those with filters start their own.</summary>
public sealed class OrleansConformanceTests(OrleansConformanceTests.SharedCluster shared) : ActorHostConformance, IClassFixture<OrleansConformanceTests.SharedCluster>
{
    [Fact]
    public async Task Argument_Immutable_IsSharedInOneSilo()
    {
        // Called through a grain of its own silo: between silos there is nothing to share.
        var note = new ImmutableNote(NewKey(), 1);
        ImmutableNote.Sent[note.Text] = note;
        var grain = Grains.GetGrain<ICallGrain>(NewKey());
        var isShared = await grain.IsSameAsync(note);
        Assert.Equal(await shared.Cluster.IsAtCallerAsync(grain), isShared);
    }

    protected override async Task<IActorHostFixture> StartAsync(IReadOnlyList<NotingFilter> filters) =>
        filters.Count == 0 ? new Borrowed(shared.Cluster) : await ActorHostFixture.StartAsync(services => NotingFilter.Add(services, filters));

    public sealed class SharedCluster : IAsyncLifetime
    {
        internal ActorHostFixture Cluster { get; private set; } = null!;

        public async Task InitializeAsync() => Cluster = await ActorHostFixture.StartAsync();

        public async Task DisposeAsync() => await Cluster.DisposeAsync();
    }

    private sealed class Borrowed(ActorHostFixture cluster) : IActorHostFixture
    {
        public IGrainFactory Grains => cluster.Grains;

        public Task PassTimeAsync(TimeSpan span) => cluster.PassTimeAsync(span);

        public Task DeactivateAllAsync() => cluster.DeactivateAllAsync();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
