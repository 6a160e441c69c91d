using OrleansUem.Tests.ActorHosts.Conformance;
using Xunit;

namespace OrleansUem.Tests.ActorHosts;

/// <summary>The conformance suite on the embedded host as it ships.</summary>
public sealed class EmbeddedConformanceTests : ActorHostConformance
{
    [Fact]
    public async Task Argument_Immutable_IsShared()
    {
        var note = new ImmutableNote(NewKey(), 1);
        ImmutableNote.Sent[note.Text] = note;
        Assert.True(await Grains.GetGrain<ICallGrain>(NewKey()).IsSameAsync(note));
    }

    protected override async Task<IActorHostFixture> StartAsync(IReadOnlyList<NotingFilter> filters) =>
        await ActorHostFixture.StartAsync(services: services => NotingFilter.Add(services, filters));
}
